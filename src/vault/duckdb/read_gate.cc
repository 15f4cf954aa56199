#include "vault/duckdb/read_gate.h"

#include <chrono>
#include <utility>

namespace sheaf::vault {
namespace {
constexpr std::chrono::milliseconds kAskAgain{5};
}  // namespace

ReadGate::Pass& ReadGate::Pass::operator=(Pass&& other) noexcept {
  Leave();
  gate_ = std::exchange(other.gate_, nullptr);
  reader_ = other.reader_;
  return *this;
}

void ReadGate::Pass::Leave() {
  ReadGate* const gate = std::exchange(gate_, nullptr);
  if (gate == nullptr) return;
  const std::lock_guard lock(gate->mutex_);
  if (reader_ != nullptr) gate->evictable_.erase(reader_);
  else --gate->others_;
  gate->changed_.notify_all();
}

ReadGate::Pass ReadGate::Enter(Evictable* reader) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !closed_; });
  if (reader != nullptr) evictable_.insert(reader);
  else ++others_;
  Pass pass;
  pass.gate_ = this;
  pass.reader_ = reader;
  return pass;
}

void ReadGate::Close() {
  std::unique_lock lock(mutex_);
  closed_ = true;
  while (true) {
    for (auto reader = evictable_.begin(); reader != evictable_.end();)
      reader = (*reader)->Evict() ? evictable_.erase(reader) : std::next(reader);
    if (evictable_.empty() && others_ == 0) return;
    changed_.wait_for(lock, kAskAgain);
  }
}

void ReadGate::Open() {
  const std::lock_guard lock(mutex_);
  closed_ = false;
  changed_.notify_all();
}

}  // namespace sheaf::vault
