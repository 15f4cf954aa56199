#include "cli/progress_bar.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace sheaf::cli {
namespace {
constexpr int kCells = 24;
constexpr Micros kRedraw = 100'000;
}  // namespace

std::string BytesText(std::uint64_t bytes) {
  const double value = static_cast<double>(bytes);
  if (bytes < 1000) return fmt::format("{} B", bytes);
  if (value < 1e6) return fmt::format("{:.1f} kB", value / 1e3);
  if (value < 1e9) return fmt::format("{:.1f} MB", value / 1e6);
  return fmt::format("{:.2f} GB", value / 1e9);
}

std::string CountText(std::uint64_t count) {
  std::string text = std::to_string(count);
  for (auto place = static_cast<std::ptrdiff_t>(text.size()) - 3; place > 0; place -= 3) text.insert(static_cast<std::size_t>(place), ",");
  return text;
}

ProgressBar::ProgressBar(std::string label, std::uint64_t total)
    : label_(std::move(label)), total_(total), started_(MonotonicNow()), terminal_(isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() {
  if (terminal_ && drawn_ != 0) std::fputs("\r\033[K", stderr);
}

void ProgressBar::Update(std::uint64_t done, std::string_view note) {
  if (!terminal_ || MonotonicNow() - drawn_ < kRedraw) return;
  drawn_ = MonotonicNow();
  Draw(done, note);
}

void ProgressBar::Draw(std::uint64_t done, std::string_view note) {
  const double seconds = std::max(Seconds(), 0.001);
  const double rate = static_cast<double>(done) / seconds;
  std::string line = fmt::format("\r\033[K{}  ", label_);
  if (total_ > 0) {
    const double fraction = std::min(1.0, static_cast<double>(done) / static_cast<double>(total_));
    const int full = static_cast<int>(fraction * kCells);
    line += '[' + std::string(static_cast<std::size_t>(full), '=') + std::string(static_cast<std::size_t>(kCells - full), ' ') + "] ";
    line += fmt::format("{:3.0f} %  ", fraction * 100);
    if (rate > 0 && fraction < 1) line += fmt::format("{:.0f} s left  ", (static_cast<double>(total_) - static_cast<double>(done)) / rate);
  } else {
    line += BytesText(done) + "  ";
  }
  line += BytesText(static_cast<std::uint64_t>(rate)) + "/s  ";
  line += note;
  std::fputs(line.c_str(), stderr);
  std::fflush(stderr);
}

}  // namespace sheaf::cli
