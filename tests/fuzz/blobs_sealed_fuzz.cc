// Encrypted files of any bytes: they are refused, or they are what was written. The first byte chooses: arbitrary bytes
// as a file, or a sound file with pieces of the input written over it.

#include <sodium.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "blobs/sealed_format.h"

namespace {

using sheaf::blobs::KeyBytes;

//! Opens every segment; empty optional: refused.
std::optional<std::string> ReadAll(const std::string& file, const KeyBytes& file_key) {
  const auto header = sheaf::blobs::ParseHeader(file);
  if (!header || !*header) return std::nullopt;
  const auto layout = sheaf::blobs::LayoutOf(**header, file.size());
  if (!layout) return std::nullopt;
  const sheaf::blobs::SegmentCipher cipher(file_key, **header);
  std::string all;
  for (std::uint64_t i = 0; i < layout->segments; ++i) {
    const std::uint64_t size = layout->PlainSizeOf(i) + sheaf::blobs::kSegmentOverhead;
    const std::uint64_t place = layout->PlaceOf(i);
    if (place + size > file.size()) std::abort();
    const bool last = i + 1 == layout->segments;
    const auto plain =
        cipher.Open(i, std::string_view(file).substr(place, size), last ? std::optional<std::uint64_t>(layout->plain_size) : std::nullopt);
    if (!plain) return std::nullopt;
    all += *plain;
  }
  if (all.size() != layout->plain_size) std::abort();
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4 || sodium_init() < 0) return 0;
  KeyBytes file_key{};
  const std::string input(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 0) {
    if (ReadAll(input, file_key)) std::abort();
    return 0;
  }
  KeyBytes open{}, secret{};
  crypto_box_keypair(open.data(), secret.data());
  const auto header = sheaf::blobs::NewHeader(open, sheaf::blobs::kLeastSegmentLog2, file_key);
  const std::size_t segment = header->SegmentSize();
  const std::string plain((data[1] % 4) * segment + data[2], 'p');
  std::string file = header->bytes;
  const sheaf::blobs::SegmentCipher cipher(file_key, *header);
  for (std::uint64_t i = 0, at = 0;; ++i, at += segment) {
    const bool last = at + segment >= plain.size();
    cipher.Seal(i, std::string_view(plain).substr(at, segment), last ? std::optional<std::uint64_t>(plain.size()) : std::nullopt, file);
    if (last) break;
  }
  const std::string sound = file;
  if (ReadAll(file, file_key) != plain) std::abort();
  // Two bytes a place, one a value; a value of 0 cuts the file there.
  for (std::size_t i = 3; i + 2 < size; i += 3) {
    const std::size_t place = (data[i] | data[i + 1] << 8) % (file.size() + 1);
    if (data[i + 2] == 0) file.resize(place);
    else if (place == file.size()) file += static_cast<char>(data[i + 2]);
    else file[place] = static_cast<char>(data[i + 2]);
    if (file.empty()) return 0;
  }
  const auto read = ReadAll(file, file_key);
  if (read && file != sound) std::abort();
  return 0;
}
