#include "ingest/json_tokens.h"

#include <simdjson.h>

#include <algorithm>
#include <bit>

namespace sheaf::ingest {
namespace {
constexpr std::size_t kSmallest = 4u << 10;
// Room for a longer text is given back with the next shorter one.
constexpr std::size_t kKept = 1u << 20;
}  // namespace

// The first stage alone, not simdjson's on-demand front: that one reads lazily, takes the bytes behind the text for
// granted and does not look at what nobody asks for, whereas here every token of a record is checked. It also lets one
// call serve many records.
struct JsonTokens::Stage {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> parser;
  std::size_t capacity = 0;

  bool Fit(std::size_t size) {
    if (parser && size <= capacity && (capacity <= kKept || size > kKept)) return true;
    capacity = std::max(kSmallest, std::bit_ceil(size));
    parser.reset();
    return simdjson::get_active_implementation()->create_dom_parser_implementation(capacity, 1, parser) == simdjson::SUCCESS;
  }
};

JsonTokens::JsonTokens() : stage_(std::make_unique<Stage>()) {}
JsonTokens::~JsonTokens() = default;
JsonTokens::JsonTokens(JsonTokens&&) noexcept = default;
JsonTokens& JsonTokens::operator=(JsonTokens&&) noexcept = default;

JsonTokens::Fault JsonTokens::Index(std::string_view text) {
  if (text.empty()) return Fault::kEmpty;
  if (!stage_->Fit(text.size())) return Fault::kInternal;
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  switch (stage_->parser->stage1(bytes, text.size(), simdjson::stage1_mode::regular)) {
    case simdjson::SUCCESS: return Fault::kNone;
    case simdjson::EMPTY: return Fault::kEmpty;
    case simdjson::UTF8_ERROR: return Fault::kUtf8;
    case simdjson::UNCLOSED_STRING:
    case simdjson::UNESCAPED_CHARS: return Fault::kString;
    default: return Fault::kInternal;
  }
}

std::span<const std::uint32_t> JsonTokens::Positions() const {
  if (!stage_->parser) return {};
  return {stage_->parser->structural_indexes.get(), stage_->parser->n_structural_indexes};
}

}  // namespace sheaf::ingest
