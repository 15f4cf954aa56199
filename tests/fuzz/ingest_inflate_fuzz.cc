// Compressed bodies of any kind: they are unpacked or refused, the same however they are cut, and never to much more
// than the limit allows.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "ingest/decode.h"

namespace {

constexpr double kRatio = 20;
constexpr std::uint64_t kFree = 16u << 20;

struct Unpacked {
  bool good = false;
  std::uint64_t size = 0;
  std::uint64_t hash = 14695981039346656037u;
};

Unpacked Unpack(const char* encoding, const char* data, std::size_t size, std::size_t piece) {
  Unpacked unpacked;
  auto inflater = sheaf::ingest::MakeInflater(encoding, kRatio);
  if (!inflater) std::abort();
  const sheaf::ingest::Inflater::Sink sink = [&](std::span<const char> bytes) {
    unpacked.size += bytes.size();
    for (const char c : bytes) unpacked.hash = (unpacked.hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
    return sheaf::Status();
  };
  for (std::size_t at = 0; at < size; at += piece) {
    if (!(*inflater)->Feed({data + at, std::min(piece, size - at)}, sink)) return unpacked;
  }
  unpacked.good = (*inflater)->Finish(sink).has_value();
  return unpacked;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const char* const encoding = data[0] % 2 == 0 ? "gzip" : "zstd";
  const auto* const body = reinterpret_cast<const char*>(data) + 2;
  const Unpacked whole = Unpack(encoding, body, size - 2, size);
  const Unpacked pieces = Unpack(encoding, body, size - 2, 1 + data[1]);
  const bool same = whole.good == pieces.good && (!whole.good || (whole.size == pieces.size && whole.hash == pieces.hash));
  const bool bounded = whole.size <= kFree + (256u << 10) + static_cast<std::uint64_t>(kRatio * static_cast<double>(size));
  if (!same || !bounded) {
    std::fprintf(stderr, "violated: %s\n", same ? "bounded" : "the cut does not matter");
    std::abort();
  }
  return 0;
}
