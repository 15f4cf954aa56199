#pragma once
//! Private to the folder. Answers that may be larger than memory: made piece by piece, as often as they are asked for.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/ddm/route.h"
#include "base/error.h"
#include "http/server.h"

namespace sheaf::api::ddm {

class Pieces {
 public:
  virtual ~Pieces() = default;
  //! Empty at the end. After an error nothing is asked for any more.
  virtual Result<std::string> Next() = 0;
};
//! From the beginning, each time the same bytes; on any thread, also after the request is answered.
using MakePieces = std::function<Result<std::unique_ptr<Pieces>>()>;

//! Makes it once, to be measured: what fails in it is an answer of its own and no broken download, and its length is known
//! before its first byte is sent. What is small is kept; the rest is made again while the client takes it.
Status FillBody(http::Response& response, MakePieces make);
//! JSON as JsonAnswer sends it.
Result<http::Response> JsonAnswer(const http::Request& request, MakePieces make, std::string_view allow);

//! JSON text, and behind it a donation's payload where one is named.
struct Part {
  std::string text;
  std::string payload;  //!< a file's id
};
//! {"participant":…,"data":…,"time_submitted":…,"status":…,"consent":…}; "[]" is the data where nothing came.
void AppendDonation(std::vector<Part>& parts, std::string_view participant, const DonationRecord& donation,
                    const exporting::TimeZone& zone);
//! The parts one behind the other. Of a payload no more is in memory than a piece. kStudyLocked, kStorageDamaged.
MakePieces PartsOf(std::shared_ptr<const native::Rooms> rooms, std::string study, std::vector<Part> parts, std::string passphrase);
//! A ZIP with this one member.
MakePieces Zipped(std::string name, MakePieces member);

}  // namespace sheaf::api::ddm
