#pragma once
//! The bytes of an encrypted blob, after docs/formats/encrypted-files.md: a header, then segments that are opened each on
//! its own, so that a part of the file can be read without what stands before it.
//!
//!   header   magic (8) · version · log2 of the segment size · 6 zeros · id of the key (16) · sealed file key (80)
//!   segment  a libsodium secretstream of one message: its header (24), then the message (its size + 17)
//!
//! Every segment has a key of its own, made of the file key, the header and its number; the last one carries the final tag and
//! authenticates the length of the whole. So nothing can be cut off, moved or exchanged without being noticed.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace sheaf::blobs {

using KeyBytes = std::array<unsigned char, 32>;

inline constexpr std::size_t kKeyIdBytes = 16;
inline constexpr std::size_t kBoxBytes = 80;
inline constexpr std::size_t kHeaderBytes = 112;
inline constexpr std::size_t kSegmentOverhead = 24 + 17;
inline constexpr unsigned kLeastSegmentLog2 = 12;
inline constexpr unsigned kMostSegmentLog2 = 24;
inline constexpr unsigned kSegmentLog2 = 18;  //!< what is written: a segment that fits a processor's cache

//! Names a public key: the beginning of its hash.
std::string KeyId(const KeyBytes& public_key);

struct SealedHeader {
  std::string bytes;  //!< all 112
  unsigned segment_log2 = kSegmentLog2;

  std::string_view KeyId() const { return std::string_view(bytes).substr(16, kKeyIdBytes); }
  std::string_view Box() const { return std::string_view(bytes).substr(32, kBoxBytes); }
  std::uint64_t SegmentSize() const { return std::uint64_t{1} << segment_log2; }
};

//! A new file key, and the header that holds it sealed to `public_key`.
Result<SealedHeader> NewHeader(const KeyBytes& public_key, unsigned segment_log2, KeyBytes& file_key);
//! nullopt when the file is not an encrypted one; kStorageDamaged when it is one that cannot be read.
Result<std::optional<SealedHeader>> ParseHeader(std::string_view first_bytes);

//! Where the segments lie in a file of a given size.
struct SealedLayout {
  std::uint64_t segment_size = 0;
  std::uint64_t segments = 0;
  std::uint64_t plain_size = 0;

  std::uint64_t PlainSizeOf(std::uint64_t segment) const;
  std::uint64_t PlaceOf(std::uint64_t segment) const { return kHeaderBytes + segment * (segment_size + kSegmentOverhead); }
};
//! kStorageDamaged when no file of such a size was ever written.
Result<SealedLayout> LayoutOf(const SealedHeader& header, std::uint64_t file_size);

//! Encrypts and opens the segments of one file. Wiped when it goes. Thread-safe.
class SegmentCipher {
 public:
  SegmentCipher(const KeyBytes& file_key, SealedHeader header) : file_key_(file_key), header_(std::move(header)) {}
  ~SegmentCipher();
  SegmentCipher(const SegmentCipher&) = delete;
  SegmentCipher& operator=(const SegmentCipher&) = delete;

  //! Appends the encrypted segment to `out`. `total`: the length of the whole, for the last segment only.
  void Seal(std::uint64_t number, std::string_view plain, std::optional<std::uint64_t> total, std::string& out) const;
  //! kStorageDamaged when it is not exactly what was written in this place of this file.
  Result<std::string> Open(std::uint64_t number, std::string_view sealed, std::optional<std::uint64_t> total) const;

 private:
  KeyBytes SegmentKey(std::uint64_t number) const;

  KeyBytes file_key_;
  const SealedHeader header_;
};

}  // namespace sheaf::blobs
