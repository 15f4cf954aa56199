#include "http/head_parser.h"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>

namespace sheaf::http {
namespace {

namespace beast = boost::beast;

constexpr std::size_t kMaxHeaders = 256;

std::string LowerCase(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool IsHeaderText(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7F);
  });
}

std::string_view View(beast::string_view text) { return {text.data(), text.size()}; }

std::string Sentence(const beast::error_code& code) {
  using beast::http::error;
  if (code == error::bad_version) return "The request line does not end with HTTP/1.1 or HTTP/1.0.";
  if (code == error::bad_method) return "The request does not begin with a method.";
  if (code == error::bad_target) return "The address has a character that it cannot have.";
  if (code == error::bad_content_length) return "Content-Length is not a number, or stands beside Transfer-Encoding.";
  if (code == error::multiple_content_length) return "There are several Content-Length headers that differ.";
  if (code == error::bad_transfer_encoding) return "Transfer-Encoding is given twice or stands beside Content-Length.";
  if (code == error::bad_field || code == error::bad_value) return "A header is not well-formed.";
  return "The request's head is not well-formed HTTP/1.1.";
}

}  // namespace

// Only the head is left to Beast: the body is taken by BodyDecoder, which is stricter about chunks.
class HeadParser::Beast final : public beast::http::basic_parser<true> {
 public:
  explicit Beast(std::size_t max_bytes) : max_target_(max_bytes / 2) {
    header_limit(static_cast<std::uint32_t>(max_bytes) + 1);
    body_limit(boost::none);
    eager(false);
  }

  Status CheckFraming() {
    int hosts = 0;
    int encodings = 0;
    bool lengths = false;
    for (const auto& [name, value] : head.headers) {
      if (name == "host") ++hosts;
      if (name == "content-length") lengths = true;
      if (name == "expect" && LowerCase(value) == "100-continue") head.expects_continue = head.http11;
      if (name != "transfer-encoding") continue;
      ++encodings;
      if (LowerCase(value) != "chunked") {
        return ::sheaf::Fail(ErrorCode::kBadRequest, "The only Transfer-Encoding understood here is chunked.");
      }
    }
    if (hosts > 1 || (hosts == 0 && head.http11)) {
      return ::sheaf::Fail(ErrorCode::kBadRequest, "The request needs exactly one Host header.");
    }
    if (encodings > 1 || (encodings > 0 && lengths)) {
      return ::sheaf::Fail(ErrorCode::kBadRequest, Sentence(beast::http::error::bad_transfer_encoding));
    }
    if (encodings > 0 && !head.http11) { return ::sheaf::Fail(ErrorCode::kBadRequest, "HTTP/1.0 has no Transfer-Encoding."); }
    head.chunked = encodings > 0;
    head.keep_alive = keep_alive();
    if (const auto length = content_length()) head.content_length = *length;
    return {};
  }

  Head head;
  Error refusal{ErrorCode::kBadRequest, {}, {}, 0};
  bool refused = false;
  bool line_done = false;

 private:
  using Code = beast::error_code;

  void Refuse(ErrorCode code, std::string detail, Code& ec) {
    refusal.code = code;
    refusal.detail = std::move(detail);
    refused = true;
    ec = beast::http::error::bad_value;
  }

  void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view target, int version, Code& ec) override {
    line_done = true;
    head.method = View(method);
    head.http11 = version == 11;
    head.target = View(target).substr(0, max_target_);
    if (target.size() > max_target_) {
      return Refuse(ErrorCode::kUriTooLong, "The address has more than " + std::to_string(max_target_) + " bytes.", ec);
    }
  }
  void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value, Code& ec) override {
    if (head.headers.size() >= kMaxHeaders) {
      return Refuse(ErrorCode::kHeadersTooLarge, "There are more than " + std::to_string(kMaxHeaders) + " headers.", ec);
    }
    if (!IsHeaderText(View(value))) { return Refuse(ErrorCode::kBadRequest, "A header has a control character.", ec); }
    head.headers.emplace_back(LowerCase(View(name)), View(value));
  }
  void on_response_impl(int, beast::string_view, int, Code&) override {}
  void on_header_impl(Code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Code&) override {}
  std::size_t on_body_impl(beast::string_view, Code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, Code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view, Code&) override { return 0; }
  void on_finish_impl(Code&) override {}

  std::size_t max_target_;
};

HeadParser::HeadParser(std::size_t max_bytes) : max_bytes_(max_bytes) { Reset(); }
HeadParser::~HeadParser() = default;

void HeadParser::Reset() {
  taken_ = 0;
  beast_ = std::make_unique<Beast>(max_bytes_);
}

bool HeadParser::Done() const { return beast_->is_header_done(); }

Head HeadParser::Take() { return std::move(beast_->head); }
std::string_view HeadParser::Target() const { return beast_->head.target; }

Result<std::size_t> HeadParser::Feed(std::string_view input) {
  std::size_t used = 0;
  if (!beast_->got_some()) {
    // An empty line before a request is forgiven, as RFC 9112 asks: old clients send one after a body.
    while (input.substr(used).starts_with("\r\n")) used += 2;
    if (input.substr(used).empty() || input.substr(used) == "\r") return used;
  }
  const std::string_view rest = input.substr(used, max_bytes_ - taken_);
  beast::error_code code;
  const std::size_t parsed = beast_->put(boost::asio::buffer(rest.data(), rest.size()), code);
  taken_ += parsed;
  used += parsed;
  if (!code) {
    if (!Done()) return used;
    SHEAF_TRY(beast_->CheckFraming());
    return used;
  }
  if (beast_->refused) return Fail(beast_->refusal);
  const bool full = rest.size() - parsed + taken_ >= max_bytes_;
  if (code == beast::http::error::need_more && !full) return used;
  if (code != beast::http::error::need_more && code != beast::http::error::header_limit) {
    return Fail(ErrorCode::kBadRequest, Sentence(code));
  }
  if (!beast_->line_done && rest.find('\n') == std::string_view::npos) {
    const std::size_t target = std::min(rest.find(' '), rest.size() - 1) + 1;
    beast_->head.target = rest.substr(target, rest.find(' ', target) - target);
    return Fail(ErrorCode::kUriTooLong, "The request line has more than " + std::to_string(max_bytes_) + " bytes.");
  }
  return Fail(ErrorCode::kHeadersTooLarge, "The headers have more than " + std::to_string(max_bytes_) + " bytes.");
}

}  // namespace sheaf::http
