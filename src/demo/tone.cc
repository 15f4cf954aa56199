#include "demo/tone.h"

#include <algorithm>

namespace sheaf::demo {
namespace {

constexpr std::int64_t kRate = 8000;  // samples a second
constexpr std::int64_t kHead = 44;

void AddNumber(std::string& bytes, std::uint32_t value, int size) {
  for (int i = 0; i < size; ++i) bytes += static_cast<char>((value >> (8 * i)) & 0xFF);
}

std::string Head(std::int64_t samples) {
  std::string head = "RIFF";
  AddNumber(head, static_cast<std::uint32_t>(kHead - 8 + samples), 4);
  head += "WAVEfmt ";
  AddNumber(head, 16, 4);
  AddNumber(head, 1, 2);  // PCM
  AddNumber(head, 1, 2);  // channels
  AddNumber(head, kRate, 4);
  AddNumber(head, kRate, 4);  // bytes a second
  AddNumber(head, 1, 2);      // bytes of a frame
  AddNumber(head, 8, 2);      // bits
  head += "data";
  AddNumber(head, static_cast<std::uint32_t>(samples), 4);
  return head;
}

}  // namespace

std::int64_t WaveBytes(std::int64_t milliseconds) { return kHead + milliseconds * kRate / 1000; }

std::string Wave(Random random, std::int64_t milliseconds) {
  const std::int64_t samples = milliseconds * kRate / 1000;
  std::string bytes = Head(samples);
  bytes.reserve(static_cast<std::size_t>(kHead + samples));
  const std::int64_t voice = random.Between(110, 220);  // Hz
  std::int64_t left = 0, length = 1, pitch = voice, angle = 0;
  bool pause = false;
  for (std::int64_t sample = 0; sample < samples; ++sample) {
    if (left == 0) {
      length = left = random.Between(kRate / 8, kRate / 4);
      pitch = random.NormalIn(voice, 15, 80, 300);
      pause = random.Chance(200);
    }
    // Thousandths of a degree; a syllable swells and fades.
    angle = (angle + pitch * 360'000 / kRate) % 360'000;
    const std::int64_t degrees = angle / 1000, loud = pause ? 0 : SineMilli((length - left) * 180 / length);
    const std::int64_t wave = 60 * SineMilli(degrees) + 30 * SineMilli(2 * degrees) + 15 * SineMilli(5 * degrees);
    bytes += static_cast<char>(std::clamp<std::int64_t>(128 + wave * loud / 1'000'000, 0, 255));
    --left;
  }
  return bytes;
}

}  // namespace sheaf::demo
