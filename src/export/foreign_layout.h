#pragma once
//! How another system lays out its ZIPs and writes its records. A protocol makes one, archives go by it.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "export/encoder.h"
#include "files/files.h"
#include "model/study.h"
#include "privacy/seen.h"
#include "vault/vault.h"

namespace sheaf::exporting {

//! Thread-safe.
class ForeignLayout {
 public:
  virtual ~ForeignLayout() = default;
  //! Some records of a dataset, in files of their own beside those that have all: "questionnaire" beside "events".
  struct Extract {
    std::string name;    //!< of the files, as NameOf
    std::string filter;  //!< JSON, of what the plan's rows show
  };
  virtual std::vector<Extract> ExtractsOf(const Plan& plan) const = 0;
  //! Of csv, json or ndjson files (ExportOptions::inner); `extract`: the name of one, or empty. The plan and the study outlive it.
  virtual std::unique_ptr<Encoder> MakeEncoder(const Plan& plan, vault::StudyVault& study, std::string_view extract) const = 0;
  //! What the other system calls a dataset's files: "events". nullopt: it knows none such; they are called by the dataset's id.
  virtual std::optional<std::string> NameOf(const model::Dataset& dataset) const = 0;
  //! Without its ending: "room_S/participant_P/events". `session` and `participant` are folders' names, `session` empty where there is none;
  //! `id` is the participant's, `name` the file's.
  virtual std::string PathOf(const std::string& session, const std::string& participant, std::string_view id,
                             std::string_view name) const = 0;
  //! Of a file of a record: "room_S/media/ada_video_r1.webm". `session` as above; `file` as it leaves, `subject` whose it is, as people
  //! call them (may be empty).
  virtual std::string MediaPath(const std::string& session, const files::File& file, const std::string& subject) const = 0;
  //! The field of a dataset's records that says how people call the subject; -1: none does.
  virtual int SubjectField(const model::Dataset& dataset) const = 0;
  //! "experiment_S_2026-01-31.zip"
  virtual std::string FileName(const std::string& study, Micros instant) const = 0;

  struct People {
    std::string participants;  //!< the text of a file of this format
    std::uint64_t rows = 0;    //!< of it
    std::string rooms;         //!< JSON, for metadata.json
    std::string about;         //!< the same: an object whose members stand in it, too
  };
  //! Of those with records in the ZIP: session (empty: none) and participant, as the reader knows them.
  virtual Result<People> Describe(const model::Study& study, vault::StudyVault& vault, const privacy::Reader& reader,
                                  const std::vector<std::pair<std::string, std::string>>& people, const ExportOptions& options) const = 0;
};

}  // namespace sheaf::exporting
