// Layout before base64url: version, upto, seq, total, number of values, the values (a type byte, then the value), and
// 12 bytes of BLAKE2b over the list and all that. Integers are 8 bytes, little-endian. The digest is no signature:
// whoever makes a cursor of their own gets rows of a list they may read anyway.

#include "export/page_cursor.h"

#include <sodium.h>

#include <array>
#include <bit>

namespace sheaf::exporting {
namespace {

constexpr char kVersion = 1;
constexpr std::size_t kDigestSize = 12;
constexpr std::size_t kMaxValueBytes = 1024;
constexpr std::size_t kMaxCursorText = 8192;
constexpr std::size_t kMaxValues = 64;

enum class Tag : char { kNull = 0, kInteger, kDouble, kFalse, kTrue, kText };

void PutInteger(std::uint64_t number, std::string& bytes) {
  for (int shift = 0; shift < 64; shift += 8) bytes += static_cast<char>(number >> shift & 0xFF);
}
void PutTag(Tag tag, std::string& bytes) { bytes += static_cast<char>(tag); }

void PutValue(const std::optional<model::Value>& value, std::string& bytes) {
  if (!value) return PutTag(Tag::kNull, bytes);
  if (const auto* integer = std::get_if<std::int64_t>(&*value)) {
    PutTag(Tag::kInteger, bytes);
    PutInteger(static_cast<std::uint64_t>(*integer), bytes);
  } else if (const auto* real = std::get_if<double>(&*value)) {
    PutTag(Tag::kDouble, bytes);
    PutInteger(std::bit_cast<std::uint64_t>(*real), bytes);
  } else if (const auto* boolean = std::get_if<bool>(&*value)) {
    PutTag(*boolean ? Tag::kTrue : Tag::kFalse, bytes);
  } else {
    const auto& text = std::get<std::string>(*value);
    PutTag(Tag::kText, bytes);
    PutInteger(text.size(), bytes);
    bytes += text;
  }
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  bool Ok() const { return ok_; }
  bool Done() const { return ok_ && bytes_.empty(); }
  std::string_view Take(std::size_t size) {
    if (size > bytes_.size()) ok_ = false;
    if (!ok_) return {};
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }
  char Byte() {
    const std::string_view byte = Take(1);
    return ok_ ? byte.front() : '\0';
  }
  std::uint64_t Integer() {
    const std::string_view bytes = Take(8);
    std::uint64_t number = 0;
    for (std::size_t place = 0; place < bytes.size(); ++place)
      number |= std::uint64_t{static_cast<unsigned char>(bytes[place])} << (8 * place);
    return number;
  }
  std::optional<model::Value> Value() {
    switch (static_cast<Tag>(Byte())) {
      case Tag::kNull: return std::nullopt;
      case Tag::kInteger: return static_cast<std::int64_t>(Integer());
      case Tag::kDouble: return std::bit_cast<double>(Integer());
      case Tag::kFalse: return false;
      case Tag::kTrue: return true;
      case Tag::kText: return std::string(Take(Integer()));
    }
    ok_ = false;
    return std::nullopt;
  }

 private:
  std::string_view bytes_;
  bool ok_ = true;
};

std::string Digest(std::string_view list, std::string_view bytes) {
  std::array<unsigned char, crypto_generichash_BYTES_MIN> digest{};
  if (sodium_init() < 0) return {};
  crypto_generichash_state state;
  crypto_generichash_init(&state, nullptr, 0, digest.size());
  const auto update = [&state](std::string_view part) {
    std::string size;
    PutInteger(part.size(), size);
    crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(size.data()), size.size());
    crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(part.data()), part.size());
  };
  update(list);
  update(bytes);
  crypto_generichash_final(&state, digest.data(), digest.size());
  return {reinterpret_cast<const char*>(digest.data()), kDigestSize};
}

}  // namespace

std::string PageCursorText(const PageCursor& cursor, std::string_view list) {
  std::size_t value_bytes = 0;
  for (const auto& value : cursor.values) {
    const auto* text = value ? std::get_if<std::string>(&*value) : nullptr;
    value_bytes += text == nullptr ? 0 : text->size();
  }
  std::string bytes(1, kVersion);
  PutInteger(static_cast<std::uint64_t>(cursor.upto), bytes);
  PutInteger(static_cast<std::uint64_t>(cursor.seq), bytes);
  PutInteger(cursor.total, bytes);
  const bool with_values = value_bytes <= kMaxValueBytes;
  bytes += static_cast<char>(with_values ? cursor.values.size() : 0);
  if (with_values) {
    for (const auto& value : cursor.values) PutValue(value, bytes);
  }
  bytes += Digest(list, bytes);
  std::string text(sodium_base64_ENCODED_LEN(bytes.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  text.pop_back();  // its terminating zero
  return text;
}

std::optional<PageCursor> ParsePageCursor(std::string_view text, std::string_view list) {
  if (text.size() > kMaxCursorText) return std::nullopt;
  std::string bytes(text.size(), '\0');
  std::size_t size = 0;
  const char* end = nullptr;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(), text.size(), nullptr, &size, &end,
                        sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
      end != text.data() + text.size() || size <= kDigestSize) {
    return std::nullopt;
  }
  bytes.resize(size);
  const std::string_view content = std::string_view(bytes).substr(0, size - kDigestSize);
  const std::string digest = Digest(list, content);
  if (digest.empty() || digest != std::string_view(bytes).substr(content.size())) return std::nullopt;

  Reader reader(content);
  if (reader.Byte() != kVersion) return std::nullopt;
  PageCursor cursor;
  cursor.upto = static_cast<vault::Seq>(reader.Integer());
  cursor.seq = static_cast<vault::Seq>(reader.Integer());
  cursor.total = reader.Integer();
  const auto values = static_cast<std::size_t>(static_cast<unsigned char>(reader.Byte()));
  if (!reader.Ok() || values > kMaxValues || cursor.seq < 1 || cursor.upto < cursor.seq) return std::nullopt;
  for (std::size_t place = 0; place < values && reader.Ok(); ++place) cursor.values.push_back(reader.Value());
  return reader.Done() ? std::optional(std::move(cursor)) : std::nullopt;
}

}  // namespace sheaf::exporting
