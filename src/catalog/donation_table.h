#pragma once
//! Donation projects: which study is one, its access token, and the log that its owner reads. See catalog.h for threads and errors.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace sheaf::catalog {

struct DonationProjectRow {
  std::string study;
  std::string url_id;    //!< unique
  std::string slug;      //!< unique
  std::string settings;  //!< JSON, model::DonationProject
  Micros created_at = 0;
};

//! At most one a project. Good for one project, for its owner.
struct DonationToken {
  std::string study;
  std::string digest;
  std::string sealed;  //!< by the site key: the owner's page shows it again
  Micros created_at = 0;
  std::optional<Micros> expires_at;
};

struct DonationEvent {
  Micros time = 0;
  std::string description;
  std::string message;
};

struct DonationException {
  Micros time = 0;
  std::string participant;  //!< may be empty
  std::string type;
  std::string raised_by;
  std::string blueprint;
  std::string message;
};

class DonationTable {
 public:
  virtual ~DonationTable() = default;

  //! Creates it, or changes slug and settings; created_at and url_id stay. kConflict: url_id or slug is another project's; kNotFound: no such study.
  virtual Result<DonationProjectRow> PutProject(const DonationProjectRow& project) = 0;
  virtual Result<DonationProjectRow> FindProject(std::string_view study) = 0;  //!< kNotFound, as the two below
  virtual Result<DonationProjectRow> FindProjectByUrl(std::string_view url_id) = 0;
  virtual Result<DonationProjectRow> FindProjectBySlug(std::string_view slug) = 0;

  virtual Status PutToken(const DonationToken& token) = 0;  //!< in the place of what there was
  virtual Status RemoveToken(std::string_view study) = 0;
  virtual Result<std::optional<DonationToken>> FindToken(std::string_view study) = 0;
  virtual Result<std::optional<DonationToken>> FindTokenByDigest(std::string_view digest) = 0;

  virtual Status AddEvent(std::string_view study, const DonationEvent& event) = 0;
  virtual Result<std::vector<DonationEvent>> Events(std::string_view study) = 0;  //!< the newest first, at most 10,000
  virtual Status AddException(std::string_view study, const DonationException& exception) = 0;
  virtual Result<std::vector<DonationException>> Exceptions(std::string_view study) = 0;  //!< the same
  //! Takes the participants' ids out of the log; the rows stay.
  virtual Status ForgetParticipants(std::string_view study, const std::vector<std::string>& participants) = 0;
};

}  // namespace sheaf::catalog
