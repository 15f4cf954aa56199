#pragma once
//! Private to the folder. Answers to a project's questionnaire, as many as there are.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/ddm/project.h"

namespace sheaf::api::ddm {

struct AnswerRecord {
  std::string participant;
  Micros time = 0;
  std::string snapshot, config;                             //!< JSON; empty: none
  std::vector<std::pair<std::size_t, std::string>> values;  //!< variable by place in AnswersWanted::names, and its JSON
};

//! Whose answers, as of which moment.
struct AnswersWanted {
  AnswersWanted(std::shared_ptr<const native::Rooms> rooms, const Project& project, std::optional<std::vector<std::string>> participants);
  const std::shared_ptr<const native::Rooms> rooms;
  const std::string study;
  const model::DonationProject settings;
  const ingest::SnapshotReader reader;  //!< of `settings`
  //! The variables of the questionnaire in its order; behind them, by alphabet, those that only records of the dataset have.
  const std::vector<std::string> names;
  const std::optional<std::vector<std::string>> participants;
  const vault::Seq upto;
};

//! In the order in which they came, a page at a time: between two pages nothing of the study is held. One thread at a time.
class AnswerPages {
 public:
  explicit AnswerPages(std::shared_ptr<const AnswersWanted> wanted) : wanted_(std::move(wanted)) {}
  //! None at the end. kStudyLocked: there are sealed ones.
  Result<std::vector<AnswerRecord>> Next();

 private:
  Result<std::string> Unseal(const std::string& file) const;
  Status ReadValues(AnswerRecord& answer, const std::vector<std::size_t>& variables, const model::ColumnBatch& batch,
                    std::size_t row) const;

  const std::shared_ptr<const AnswersWanted> wanted_;
  vault::Seq after_ = vault::kNoSeq;
  std::uint64_t limit_ = 16;
  bool ended_ = false;
};

}  // namespace sheaf::api::ddm
