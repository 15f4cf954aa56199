#include "api/ddm/pieces.h"

#include <algorithm>
#include <utility>

#include "api/ddm/texts.h"
#include "api/json_text.h"
#include "export/archive.h"

namespace sheaf::api::ddm {
namespace {

constexpr std::size_t kKept = std::size_t{4} << 20;
constexpr std::size_t kPiece = 128u << 10;

//! Hands out what is made on the way to the client: in order, from where it stopped.
class Sending {
 public:
  explicit Sending(std::unique_ptr<Pieces> pieces) : pieces_(std::move(pieces)) {}
  Result<std::string> Read(std::uint64_t offset, std::uint64_t most) {
    if (offset != given_) return Fail(ErrorCode::kInternal, "An answer is sent from its beginning.");
    if (held_.empty()) { SHEAF_ASSIGN(held_, pieces_->Next()); }
    // The data changed after it was measured: the download breaks off, and is seen to be short.
    if (held_.empty()) return Fail(ErrorCode::kStudyRewritten, "The data changed while it was sent.");
    std::string piece = std::exchange(held_, {});
    if (piece.size() > most) held_ = piece.substr(most), piece.resize(most);
    given_ += piece.size();
    return piece;
  }

 private:
  const std::unique_ptr<Pieces> pieces_;
  std::string held_;
  std::uint64_t given_ = 0;
};

//! A page for a browser.
class EscapedPieces final : public Pieces {
 public:
  explicit EscapedPieces(std::unique_ptr<Pieces> json) : json_(std::move(json)) {}
  Result<std::string> Next() override {
    if (ended_) return std::string();
    SHEAF_ASSIGN(const std::string piece, json_->Next());
    ended_ = piece.empty();
    std::string page = std::exchange(begun_, true) ? "" : "<!DOCTYPE html><meta charset=\"utf-8\"><title>API</title><pre>";
    page += ended_ ? "</pre>\n" : Escaped(piece);
    return page;
  }

 private:
  const std::unique_ptr<Pieces> json_;
  bool begun_ = false, ended_ = false;
};

struct Parts {
  std::shared_ptr<const native::Rooms> rooms;
  std::string study;
  std::vector<Part> parts;
  std::string passphrase;
};

class PartPieces final : public Pieces {
 public:
  explicit PartPieces(std::shared_ptr<const Parts> all) : all_(std::move(all)) {}
  Result<std::string> Next() override {
    std::string piece;
    while (piece.size() < kPiece) {
      if (payload_) {
        SHEAF_TRY(ReadOn(piece));
      } else if (at_ < all_->parts.size()) {
        std::string text = all_->parts[at_].text;
        EscapeSeparators(text);
        piece += text;
        SHEAF_TRY(OpenPayload(all_->parts[at_++].payload, piece));
      } else {
        break;
      }
    }
    return piece;
  }

 private:
  Status OpenPayload(const std::string& id, std::string& out) {
    if (id.empty()) return {};
    const auto file = all_->rooms->files->Find(all_->study, id);
    // It was taken out by itself.
    if (!file && file.error().code == ErrorCode::kNotFound) return out += "[]", Status{};
    if (!file) return Fail(file.error());
    auto opened = all_->rooms->files->Open(*file, all_->passphrase);
    if (!opened && opened.error().code == ErrorCode::kNotFound) return Fail(ErrorCode::kStorageDamaged, "A donation's payload is missing.");
    if (!opened) return Fail(opened.error());
    payload_ = *std::move(opened);
    read_ = 0;
    return {};
  }

  Status ReadOn(std::string& out) {
    if (read_ == payload_->Size()) {
      compactor_.Finish(out);
      payload_.reset();
      return {};
    }
    SHEAF_ASSIGN(const std::string bytes, payload_->ReadAt(read_, payload_->Size() - read_));
    if (bytes.empty()) return Fail(ErrorCode::kStorageDamaged, "A donation's payload is shorter than it was.");
    read_ += bytes.size();
    compactor_.Feed(bytes, out);
    return {};
  }

  const std::shared_ptr<const Parts> all_;
  std::size_t at_ = 0;
  std::shared_ptr<blobs::BlobReader> payload_;
  std::uint64_t read_ = 0;
  JsonCompactor compactor_;
};

class ZipPieces final : public Pieces {
 public:
  static Result<std::unique_ptr<Pieces>> Open(const std::string& name, Micros modified, std::unique_ptr<Pieces> member) {
    auto made = std::unique_ptr<ZipPieces>(new ZipPieces(std::move(member)));
    SHEAF_ASSIGN(made->writer_, exporting::ZipWriter::Open([out = made.get()](std::string_view bytes) -> Status {
                   out->made_.append(bytes);
                   return {};
                 }));
    SHEAF_TRY(made->writer_->Begin({name, std::nullopt, true, modified, false}));
    return std::unique_ptr<Pieces>(std::move(made));
  }

  Result<std::string> Next() override {
    while (made_.size() < kPiece && !ended_) {
      SHEAF_ASSIGN(const std::string piece, member_->Next());
      if (!piece.empty()) {
        SHEAF_TRY(writer_->Write(piece));
        continue;
      }
      ended_ = true;
      SHEAF_TRY(writer_->End());
      SHEAF_TRY(writer_->Finish());
    }
    return std::exchange(made_, {});
  }

 private:
  explicit ZipPieces(std::unique_ptr<Pieces> member) : member_(std::move(member)) {}
  const std::unique_ptr<Pieces> member_;
  std::string made_;
  std::unique_ptr<exporting::ZipWriter> writer_;
  bool ended_ = false;
};

}  // namespace

Status FillBody(http::Response& response, MakePieces make) {
  SHEAF_ASSIGN(const auto measured, make());
  std::string kept;
  std::uint64_t length = 0;
  while (true) {
    SHEAF_ASSIGN(const std::string piece, measured->Next());
    if (piece.empty()) break;
    length += piece.size();
    if (length <= kKept) kept += piece;
    else std::string().swap(kept);
  }
  if (length <= kKept) {
    response.body = std::move(kept);
    return {};
  }
  SHEAF_ASSIGN(auto again, make());
  const auto sending = std::make_shared<Sending>(std::move(again));
  response.file =
      http::FileBody{{}, 0, length, [sending](std::uint64_t offset, std::uint64_t most) { return sending->Read(offset, most); }};
  return {};
}

Result<http::Response> JsonAnswer(const http::Request& request, MakePieces make, std::string_view allow) {
  http::Response response = JsonAnswer(request, std::string(), allow);
  response.body.clear();
  const bool page = response.headers.front().second.rfind("text/html", 0) == 0;
  if (page) {
    make = [json = std::move(make)]() -> Result<std::unique_ptr<Pieces>> {
      SHEAF_ASSIGN(auto pieces, json());
      return std::make_unique<EscapedPieces>(std::move(pieces));
    };
  }
  SHEAF_TRY(FillBody(response, std::move(make)));
  return response;
}

void AppendDonation(std::vector<Part>& parts, std::string_view participant, const DonationRecord& donation,
                    const exporting::TimeZone& zone) {
  std::string head = R"({"participant":)";
  AppendJsonString(head, participant);
  head += R"(,"data":)";
  parts.push_back({head + (donation.payload.empty() ? "[]" : ""), donation.payload});
  std::string rest = R"(,"time_submitted":")" + JsonTime(donation.time, zone) + R"(","status":)";
  AppendJsonString(rest, donation.status);
  rest += R"(,"consent":)";
  rest += !donation.consent ? "null" : *donation.consent ? "true" : "false";
  parts.push_back({rest + "}", {}});
}

MakePieces PartsOf(std::shared_ptr<const native::Rooms> rooms, std::string study, std::vector<Part> parts, std::string passphrase) {
  auto all = std::make_shared<const Parts>(Parts{std::move(rooms), std::move(study), std::move(parts), std::move(passphrase)});
  return [all = std::move(all)]() -> Result<std::unique_ptr<Pieces>> { return std::make_unique<PartPieces>(all); };
}

MakePieces Zipped(std::string name, MakePieces member) {
  return [name = std::move(name), member = std::move(member), modified = Now()]() -> Result<std::unique_ptr<Pieces>> {
    SHEAF_ASSIGN(auto pieces, member());
    return ZipPieces::Open(name, modified, std::move(pieces));
  };
}

}  // namespace sheaf::api::ddm
