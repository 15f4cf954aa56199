#include "api/content_headers.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/ids.h"
#include "http/server.h"

namespace sheaf::api {
namespace {

std::string_view Trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

//! Takes the text up to `separator` off the front.
std::string_view TakeUntil(std::string_view& text, char separator) {
  const std::size_t at = text.find(separator);
  const std::string_view part = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
  return Trimmed(part);
}

std::string_view Unquoted(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') return text.substr(1, text.size() - 2);
  return text;
}

//! "0.25" → 250; nullopt for what is no quality of RFC 9110.
std::optional<int> Quality(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  int thousandths = (text[0] - '0') * 1000;
  int unit = 100;
  for (const char c : text.substr(std::min<std::size_t>(2, text.size()))) {
    if (c < '0' || c > '9') return std::nullopt;
    thousandths += (c - '0') * unit;
    unit /= 10;
  }
  if (thousandths > 1000) return std::nullopt;
  return thousandths;
}

//! What Accept-Encoding says about one coding: its q in thousandths, -1 where it says nothing.
struct Acceptance {
  int zstd = -1;
  int gzip = -1;
  int identity = -1;
  int any = -1;
};

Acceptance ReadAcceptEncoding(std::string_view header) {
  Acceptance acceptance;
  while (!header.empty()) {
    std::string_view item = TakeUntil(header, ',');
    const std::string coding = Lower(TakeUntil(item, ';'));
    const std::string weight = Lower(Trimmed(item));
    const auto quality = weight.empty()               ? std::optional<int>(1000)
                         : weight.rfind("q=", 0) == 0 ? Quality(Trimmed(std::string_view(weight).substr(2)))
                                                      : std::nullopt;
    if (!quality) continue;
    if (coding == "zstd") acceptance.zstd = *quality;
    else if (coding == "gzip" || coding == "x-gzip") acceptance.gzip = *quality;
    else if (coding == "identity") acceptance.identity = *quality;
    else if (coding == "*") acceptance.any = *quality;
  }
  return acceptance;
}

}  // namespace

Result<std::string> MediaType(std::string_view content_type) {
  std::string_view rest = content_type;
  std::string type = Lower(TakeUntil(rest, ';'));
  while (!rest.empty()) {
    std::string_view parameter = TakeUntil(rest, ';');
    const std::string name = Lower(TakeUntil(parameter, '='));
    const std::string value = Lower(Unquoted(Trimmed(parameter)));
    if (name == "charset" && value != "utf-8" && value != "utf8" && value != "us-ascii") {
      return Fail(ErrorCode::kUnsupportedMediaType, "The charset must be UTF-8.", "Content-Type");
    }
    if (name == "header" && value == "absent") {
      return Fail(ErrorCode::kUnsupportedMediaType, "CSV must begin with a header.", "Content-Type");
    }
  }
  if (!type.empty() && type.find('/') == std::string::npos) {
    return Fail(ErrorCode::kUnsupportedMediaType, "The Content-Type is not one.", "Content-Type");
  }
  return type;
}

Result<ingest::BodyFormat> RecordsFormat(std::string_view content_type) {
  SHEAF_ASSIGN(const std::string type, MediaType(content_type));
  if (type == "application/x-ndjson" || type == "application/ndjson" || type == "application/jsonl") return ingest::BodyFormat::kNdjson;
  if (type == "application/json") return ingest::BodyFormat::kJsonArray;
  if (type == "text/csv") return ingest::BodyFormat::kCsv;
  return Fail(ErrorCode::kUnsupportedMediaType,
              type.empty() ? "The request has no Content-Type." : "Records cannot be sent as this Content-Type.", "Content-Type");
}

Status RequireJson(std::string_view content_type) {
  SHEAF_ASSIGN(const std::string type, MediaType(content_type));
  const bool json = type.empty() || type == "application/json";
  if (!json) return Fail(ErrorCode::kUnsupportedMediaType, "Send the body as application/json.", "Content-Type");
  return {};
}

std::optional<exporting::Compression> NegotiateCompression(std::string_view accept_encoding) {
  using exporting::Compression;
  Acceptance acceptance = ReadAcceptEncoding(accept_encoding);
  if (acceptance.gzip < 0) acceptance.gzip = acceptance.any;
  // Without a word about it, plain bytes are always fine, but only when nothing named is.
  const bool unmentioned = acceptance.identity < 0 && acceptance.any < 0;
  if (acceptance.identity < 0) acceptance.identity = acceptance.any;
  struct Choice {
    int quality;
    Compression compression;
  };
  const std::array<Choice, 3> choices = {Choice{acceptance.zstd, Compression::kZstd}, Choice{acceptance.gzip, Compression::kGzip},
                                         Choice{acceptance.identity, Compression::kNone}};
  const auto best = std::max_element(choices.begin(), choices.end(),
                                     [](const Choice& left, const Choice& right) { return left.quality < right.quality; });
  if (best->quality > 0) return best->compression;
  if (unmentioned) return Compression::kNone;
  return std::nullopt;
}

std::string AttachmentHeader(std::string_view file_name) {
  std::string safe;
  std::string ascii;
  bool plain = true;
  for (const char c : file_name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool bad = byte < 0x20 || byte == 0x7F || c == '"' || c == '\\' || c == '/';
    safe += bad ? '_' : c;
    if (byte >= 0x80) plain = false;
    // One `_` a character, not one a byte.
    if (byte < 0x80) ascii += bad ? '_' : c;
    else if ((byte & 0xC0) != 0x80) ascii += '_';
  }
  std::string header = "attachment; filename=\"" + ascii + "\"";
  if (!plain && IsUtf8(safe)) header += "; filename*=UTF-8''" + http::PercentEncode(safe);
  return header;
}

std::string InlineHeader(std::string_view file_name) {
  constexpr std::string_view kAttachment = "attachment";
  return "inline" + AttachmentHeader(file_name).substr(kAttachment.size());
}

std::string_view ContentTypeOf(exporting::Format format) {
  switch (format) {
    case exporting::Format::kCsv: return "text/csv; charset=utf-8";
    case exporting::Format::kJson: return "application/json";
    case exporting::Format::kNdjson: return "application/x-ndjson";
    case exporting::Format::kParquet: return "application/vnd.apache.parquet";
    case exporting::Format::kAlida: return "application/json; charset=utf-8";
    case exporting::Format::kZip: return "application/zip";
  }
  return "application/octet-stream";
}

}  // namespace sheaf::api
