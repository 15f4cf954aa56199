#pragma once
//! One request's records from bytes to a durable commit: inflate → decode → validate → (spool) → group commit.

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "ingest/decode.h"
#include "vault/vault.h"

namespace sheaf::ingest {

enum class OnError : std::uint8_t {
  kReject,  //!< nothing of a request with a bad record is kept
  kSkip,    //!< good records are kept, bad ones are named
};

//! Told how many records of a request were refused, by reason, on whichever thread. It must not block for long. A request that was
//! answered before is not told again.
using Refused = std::function<void(std::string_view study, std::string_view dataset, const std::map<ErrorCode, std::uint64_t>& reasons)>;

struct IngestOptions {
  std::string dataset;
  BodyFormat format = BodyFormat::kNdjson;
  std::string content_encoding;
  OnError on_error = OnError::kReject;
  std::string idempotency_key;  //!< already scoped to account and dataset; empty: none
  std::string spool_directory;  //!< DIR/tmp: a request beyond kSpoolBytes waits there until it is complete
  Refused refused = nullptr;    //!< may be empty
};

struct IngestResult {
  std::uint64_t accepted = 0;
  std::vector<Rejection> rejected;  //!< the first kMaxListedRejections
  std::uint64_t rejected_total = 0;
  vault::Seq seq = vault::kNoSeq;
  bool repeated = false;
};

inline constexpr std::size_t kMaxListedRejections = 1000;
inline constexpr std::size_t kSpoolBytes = 32u << 20;

//! Feed the body as it comes, then Commit; destroying it without Commit keeps nothing. One thread.
class IngestRequest {
 public:
  IngestRequest(std::shared_ptr<vault::StudyVault> study, IngestOptions options);
  ~IngestRequest();
  IngestRequest(const IngestRequest&) = delete;
  IngestRequest& operator=(const IngestRequest&) = delete;

  //! Finds the dataset and makes the decoder. kNotFound, kUnsupportedMediaType.
  Status Begin();
  Status Feed(std::span<const char> bytes);
  //! `done` is called exactly once, perhaps from the writer's thread, when everything is durable; or with
  //! kRecordsRejected (the rejections are in `rejected` of the second argument), or another error. Must not block.
  using Done = std::function<void(Status, IngestResult)>;
  void Commit(Done done);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

//! The blocking form, for the command line and tests: one whole body.
Result<IngestResult> IngestAll(std::shared_ptr<vault::StudyVault> study, const IngestOptions& options, std::string_view body);

}  // namespace sheaf::ingest
