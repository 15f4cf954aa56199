#include "blobs/sealed_format.h"

#include <sodium.h>

#include <algorithm>

namespace sheaf::blobs {
namespace {

static_assert(kBoxBytes == crypto_box_SEALBYTES + std::tuple_size_v<KeyBytes>);
static_assert(kHeaderBytes == 32 + kBoxBytes);
static_assert(kSegmentOverhead == crypto_secretstream_xchacha20poly1305_HEADERBYTES + crypto_secretstream_xchacha20poly1305_ABYTES);

// No text and no other format of an export begins like this.
constexpr std::string_view kMagic{"\x93Sheaf\x1A\n", 8};
constexpr char kVersion = 1;
constexpr std::size_t kVersionAt = 8;
constexpr std::size_t kSegmentAt = 9;
constexpr std::size_t kZerosAt = 10;
constexpr std::size_t kKeyIdAt = 16;
constexpr std::size_t kBoxAt = 32;

unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
const unsigned char* Bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::array<unsigned char, 8> LittleEndian(std::uint64_t number) {
  std::array<unsigned char, 8> bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(number >> (8 * i));
  return bytes;
}

tl::unexpected<Error> Damaged() { return Fail(ErrorCode::kStorageDamaged, "An encrypted file was changed or is not whole."); }

// The last segment authenticates the length of the whole; the others have nothing beside them.
struct Beside {
  explicit Beside(std::optional<std::uint64_t> total) : bytes(LittleEndian(total.value_or(0))), size(total ? bytes.size() : 0) {}
  std::array<unsigned char, 8> bytes;
  std::size_t size;
};

}  // namespace

std::string KeyId(const KeyBytes& public_key) {
  std::string id(kKeyIdBytes, '\0');
  crypto_generichash(Bytes(id), id.size(), public_key.data(), public_key.size(), nullptr, 0);
  return id;
}

Result<SealedHeader> NewHeader(const KeyBytes& public_key, unsigned segment_log2, KeyBytes& file_key) {
  if (sodium_init() < 0) return Fail(ErrorCode::kInternal, "The cryptographic library does not start.");
  SealedHeader header;
  header.segment_log2 = segment_log2;
  header.bytes.assign(kHeaderBytes, '\0');
  kMagic.copy(header.bytes.data(), kMagic.size());
  header.bytes[kVersionAt] = kVersion;
  header.bytes[kSegmentAt] = static_cast<char>(segment_log2);
  sheaf::blobs::KeyId(public_key).copy(header.bytes.data() + kKeyIdAt, kKeyIdBytes);
  randombytes_buf(file_key.data(), file_key.size());
  crypto_box_seal(Bytes(header.bytes) + kBoxAt, file_key.data(), file_key.size(), public_key.data());
  return header;
}

Result<std::optional<SealedHeader>> ParseHeader(std::string_view first_bytes) {
  if (first_bytes.substr(0, kMagic.size()) != kMagic) return std::optional<SealedHeader>();
  if (first_bytes.size() < kHeaderBytes) return Damaged();
  SealedHeader header;
  header.bytes = first_bytes.substr(0, kHeaderBytes);
  header.segment_log2 = static_cast<unsigned char>(header.bytes[kSegmentAt]);
  const bool zeros = std::all_of(header.bytes.begin() + kZerosAt, header.bytes.begin() + kKeyIdAt, [](char c) { return c == 0; });
  if (header.bytes[kVersionAt] != kVersion || !zeros) {
    return Fail(ErrorCode::kStorageDamaged, "An encrypted file was changed, or a newer program wrote it.");
  }
  if (header.segment_log2 < kLeastSegmentLog2 || header.segment_log2 > kMostSegmentLog2) return Damaged();
  return std::optional<SealedHeader>(std::move(header));
}

std::uint64_t SealedLayout::PlainSizeOf(std::uint64_t segment) const {
  return segment + 1 < segments ? segment_size : plain_size - segment * segment_size;
}

Result<SealedLayout> LayoutOf(const SealedHeader& header, std::uint64_t file_size) {
  SealedLayout layout;
  layout.segment_size = header.SegmentSize();
  const std::uint64_t whole = layout.segment_size + kSegmentOverhead;
  if (file_size < kHeaderBytes + kSegmentOverhead) return Damaged();
  const std::uint64_t body = file_size - kHeaderBytes;
  layout.segments = (body + whole - 1) / whole;
  const std::uint64_t last = body - (layout.segments - 1) * whole;
  // Only a file of nothing has an empty segment.
  if (last < kSegmentOverhead || (last == kSegmentOverhead && layout.segments > 1)) return Damaged();
  layout.plain_size = body - layout.segments * kSegmentOverhead;
  return layout;
}

SegmentCipher::~SegmentCipher() { sodium_memzero(file_key_.data(), file_key_.size()); }

KeyBytes SegmentCipher::SegmentKey(std::uint64_t number) const {
  KeyBytes key;
  const auto place = LittleEndian(number);
  crypto_generichash_state state;
  crypto_generichash_init(&state, file_key_.data(), file_key_.size(), key.size());
  crypto_generichash_update(&state, Bytes(std::string_view(header_.bytes)), header_.bytes.size());
  crypto_generichash_update(&state, place.data(), place.size());
  crypto_generichash_final(&state, key.data(), key.size());
  return key;
}

void SegmentCipher::Seal(std::uint64_t number, std::string_view plain, std::optional<std::uint64_t> total, std::string& out) const {
  const std::size_t begin = out.size();
  out.resize(begin + plain.size() + kSegmentOverhead);
  unsigned char* const place = Bytes(out) + begin;
  KeyBytes key = SegmentKey(number);
  crypto_secretstream_xchacha20poly1305_state state;
  crypto_secretstream_xchacha20poly1305_init_push(&state, place, key.data());
  const Beside beside(total);
  const unsigned char tag = total ? crypto_secretstream_xchacha20poly1305_TAG_FINAL : crypto_secretstream_xchacha20poly1305_TAG_MESSAGE;
  crypto_secretstream_xchacha20poly1305_push(&state, place + crypto_secretstream_xchacha20poly1305_HEADERBYTES, nullptr, Bytes(plain),
                                             plain.size(), beside.bytes.data(), beside.size, tag);
  sodium_memzero(key.data(), key.size());
  sodium_memzero(&state, sizeof state);
}

Result<std::string> SegmentCipher::Open(std::uint64_t number, std::string_view sealed, std::optional<std::uint64_t> total) const {
  if (sealed.size() < kSegmentOverhead) return Damaged();
  KeyBytes key = SegmentKey(number);
  crypto_secretstream_xchacha20poly1305_state state;
  bool opened = crypto_secretstream_xchacha20poly1305_init_pull(&state, Bytes(sealed), key.data()) == 0;
  std::string plain(sealed.size() - kSegmentOverhead, '\0');
  const Beside beside(total);
  unsigned char tag = 0;
  const std::string_view message = sealed.substr(crypto_secretstream_xchacha20poly1305_HEADERBYTES);
  opened = opened && crypto_secretstream_xchacha20poly1305_pull(&state, Bytes(plain), nullptr, &tag, Bytes(message), message.size(),
                                                                beside.bytes.data(), beside.size) == 0;
  sodium_memzero(key.data(), key.size());
  sodium_memzero(&state, sizeof state);
  const unsigned char expected =
      total ? crypto_secretstream_xchacha20poly1305_TAG_FINAL : crypto_secretstream_xchacha20poly1305_TAG_MESSAGE;
  if (!opened || tag != expected) return Damaged();
  return plain;
}

}  // namespace sheaf::blobs
