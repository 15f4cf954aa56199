#include "api/gzip_body.h"

#include <system_error>
#include <thread>

namespace sheaf::api {
namespace {
constexpr std::uint64_t kPiece = 512u << 10;
}  // namespace

void GzipBody::Read(Ready ready) {
  auto read = [this, ready] { ready(Next()); };
  try {
    std::thread(std::move(read)).detach();
  } catch (const std::system_error&) { ready(Fail(Error{ErrorCode::kUnavailable, "The server is busy.", {}, 1})); }
}

Result<std::string> GzipBody::Next() {
  std::string out;
  // An empty piece would be the end.
  while (out.empty() && !ended_) {
    std::string raw;
    while (raw.size() < kPiece) {
      SHEAF_ASSIGN(const std::string part, file_->ReadAt(offset_, kPiece - raw.size()));
      if (part.empty()) break;
      offset_ += part.size();
      raw += part;
    }
    ended_ = raw.size() < kPiece;
    if (!raw.empty()) SHEAF_TRY(exporting::CompressInOrder(compressor_, frame_, std::move(raw), out));
    if (ended_) SHEAF_TRY(frame_.End(out));
  }
  return out;
}

}  // namespace sheaf::api
