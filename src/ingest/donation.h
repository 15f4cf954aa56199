#pragma once
//! Donations and questionnaire answers on their way in, whichever door they came by: the payload becomes a sealed file, and a record of the
//! blueprint's dataset names it.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "files/files.h"
#include "model/donation_project.h"
#include "vault/vault.h"

namespace sheaf::ingest {

struct Donation {
  std::string id;  //!< of the record; made up unless given. The same again changes nothing
  std::string participant;
  std::int64_t blueprint = 0;
  Micros time = 0;
  std::optional<bool> consent;
  std::string status;       //!< kept as it comes
  std::string data = "[]";  //!< JSON
};

struct Answers {
  std::string id;
  std::string participant;
  Micros time = 0;
  std::string snapshot;  //!< JSON object as the browser sent it; empty: there is none
  std::string config;    //!< JSON; empty: null
  std::string values;    //!< JSON object of variables, used where there is no snapshot
};

struct DonationStores {
  std::shared_ptr<vault::StudyVault> study;
  std::shared_ptr<files::Files> files;
  std::string study_id;
  std::string account;    //!< who brings it
  std::string temporary;  //!< DIR/tmp
  bool locked = false;    //!< answers are sealed, too
};

//! All of it or nothing. kNotFound (no such blueprint), kBadJson, kPayloadTooLarge, kParticipantWithdrawn, and what keeping records fails with.
Status KeepDonation(const DonationStores& stores, const model::DonationProject& project, const Donation& donation);
Status KeepAnswers(const DonationStores& stores, const model::DonationProject& project, const Answers& answers);

//! What a snapshot says of each variable: as browsers send it now ("question-12", "item-7"), or did before 2.0.2 ({"12":{"response":…}}). Answers to
//! questions that are not there any more are left out. The project outlives it. Thread-safe.
class SnapshotReader {
 public:
  struct Answered {
    std::size_t variable = 0;  //!< in Names()
    std::string json;          //!< a scalar
  };
  explicit SnapshotReader(const model::DonationProject& project);
  const std::vector<std::string>& Names() const { return names_; }      //!< in the questionnaire's order
  Result<std::vector<Answered>> Read(std::string_view snapshot) const;  //!< in that order, too. kBadJson

 private:
  struct Place {
    std::string key, old_question, old_item;
  };
  std::vector<std::string> names_;
  std::vector<Place> places_;
};

}  // namespace sheaf::ingest
