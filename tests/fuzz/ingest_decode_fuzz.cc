// Bodies of any kind through the decoders. Whatever they are: the batches are well-formed, the outcome does not
// depend on how the body is cut, and every line of NDJSON that is taken is JSON by another parser's judgement, too.

#include <boost/json.hpp>
#include <cstdio>
#include <cstdlib>
#include <set>

#include "../unit/ingest/harness.h"

namespace {

using sheaf::ingest::BodyFormat;
using sheaf::ingest::testing::DatasetNamed;
using sheaf::ingest::testing::DecodePieces;
using sheaf::ingest::testing::Outcome;

void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "violated: %s\n", what);
  std::abort();
}

std::vector<std::string_view> Cut(std::string_view body, std::size_t piece) {
  std::vector<std::string_view> pieces;
  for (std::size_t at = 0; at < body.size(); at += piece) pieces.push_back(body.substr(at, piece));
  return pieces;
}

bool IsJson(std::string_view line) {
  boost::json::parse_options options;
  options.max_depth = 256;
  boost::system::error_code error;
  boost::json::parse(boost::json::string_view(line.data(), line.size()), error, {}, options);
  // A json field keeps its numbers as text, so that no exponent is too large for it.
  return !error || error == boost::json::error::exponent_overflow;
}

void CheckLines(std::string_view body, const Outcome& outcome) {
  if (!outcome.error.empty()) return;
  std::set<std::uint64_t> rejected;
  for (const auto& text : outcome.rejected) rejected.insert(std::strtoull(text.c_str(), nullptr, 10));
  if (body.starts_with("\xEF\xBB\xBF")) body.remove_prefix(3);
  std::size_t taken = 0;
  for (std::uint64_t number = 1; !body.empty(); ++number) {
    const std::size_t end = std::min(body.find('\n'), body.size());
    const std::string_view line = body.substr(0, end);
    const bool blank = line.find_first_not_of(" \t\r") == std::string_view::npos;
    if (!blank && rejected.count(number) == 0) {
      ++taken;
      Require(IsJson(line), "what is taken is JSON");
    }
    body.remove_prefix(std::min(end + 1, body.size()));
  }
  Require(taken == outcome.rows.size(), "every line is a row or a rejection");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto format = static_cast<BodyFormat>(data[0] % 3);
  static const char* const kDatasets[] = {"all", "keyed", "required"};
  const auto dataset = DatasetNamed(kDatasets[data[0] / 3 % 3]);
  const std::size_t piece = 1 + data[1];
  const std::string_view body(reinterpret_cast<const char*>(data) + 2, size - 2);
  const Outcome whole = DecodePieces(format, dataset, {body});
  Require(whole.well_formed, "batches are well-formed");
  Require(DecodePieces(format, dataset, Cut(body, piece)) == whole, "the cut does not matter");
  if (format == BodyFormat::kNdjson) CheckLines(body, whole);
  return 0;
}
