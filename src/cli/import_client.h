#pragma once
//! What imports say to the server: a study made when it is missing, definitions, records in parts that may be sent again.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/http_client.h"
#include "model/definition.h"

namespace sheaf::cli {

//! One request's worth: big enough to be quick, small enough to be repeated when a connection breaks.
inline constexpr std::size_t kRequestBytes = 4u << 20;
inline constexpr std::size_t kRequestRows = 20'000;

class ImportClient {
 public:
  ImportClient(HttpClient client, std::string study);

  const std::string& Study() const { return study_; }
  //! "/api/v1/studies/STUDY"
  const std::string& Base() const { return base_; }
  //! Again after a while when the server is busy or silent.
  Result<HttpReply> Send(const HttpRequest& request);
  Status EnsureStudy();
  Result<std::optional<model::Dataset>> FetchDataset(const std::string& dataset);
  Status PutDataset(const model::Dataset& dataset);

  struct Rejected {
    std::uint64_t line = 0;  //!< of the part, from 1 on
    std::string reason;
  };
  struct Outcome {
    std::uint64_t accepted = 0;
    std::vector<Rejected> rejected;
    std::uint64_t unlisted = 0;  //!< rejected beside these
  };
  //! A part of NDJSON; bad records are skipped. The same part of the same import gets the same key: an import that broke off can be run
  //! again and adds only what is missing. `part` counts the dataset's.
  Result<Outcome> PostRecords(const std::string& dataset, std::string body, int part);

 private:
  HttpClient client_;
  std::string study_, base_;
};

}  // namespace sheaf::cli
