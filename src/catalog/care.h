#pragma once
//! Erasures under way, personal links, participants' requests, rules of retention. See catalog.h for threads and errors.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace sheaf::catalog {

//! "started": to be done, from the beginning; "cleaning": only the catalog's own file is left, `participant` is empty.
struct Erasure {
  std::string id;  //!< "era_…"
  std::string study;
  std::string participant;
  std::string account;
  std::string state;
  std::string report;  //!< JSON, numbers alone
  Micros created_at = 0;
  std::optional<Micros> finished_at;
};

struct ParticipantLink {
  std::string id;  //!< "lnk_…"
  std::string study;
  std::string participant;
  std::string created_by;  //!< account
  Micros created_at = 0;
  std::optional<Micros> expires_at, revoked_at, last_used_at;
};

struct ParticipantRequest {
  std::string id;  //!< "prq_…"
  std::string study;
  std::string participant;
  std::string kind;  //!< erasure, withdrawal, correction, copy
  std::string message;
  std::string state;  //!< open, approved, rejected
  std::string note;
  Micros created_at = 0;
  std::optional<Micros> decided_at;
  std::string decided_by;  //!< account
};

struct Retention {
  std::string study;
  std::string dataset;  //!< empty: the study's
  std::string rule;     //!< JSON
  std::optional<Micros> archived_at, deleted_at;
  Micros updated_at = 0;
};

class CareCatalog {
 public:
  virtual ~CareCatalog() = default;

  //! Of each participant the one that is under way, or a new one; all of them or none.
  virtual Result<std::vector<Erasure>> BeginErasures(std::string_view study, const std::vector<std::string>& participants,
                                                     std::string_view account) = 0;
  //! From now on the catalog does not know whom: state "cleaning", participant empty. What was done stands with the first.
  virtual Status ForgetWhom(const std::vector<Erasure>& erasures, std::string_view report) = 0;
  virtual Status FinishErasures(const std::vector<Erasure>& erasures) = 0;
  virtual Result<std::vector<Erasure>> UnfinishedErasures() = 0;
  //! Links and requests of these participants: how many of each.
  virtual Result<std::pair<std::uint64_t, std::uint64_t>> RemoveParticipants(std::string_view study,
                                                                             const std::vector<std::string>& participants) = 0;
  //! Leaves no byte of what was deleted in the catalog's files. Takes a while.
  virtual Status Compact() = 0;

  virtual Result<ParticipantLink> AddLink(const ParticipantLink& link, std::string_view digest) = 0;
  virtual Result<ParticipantLink> FindLinkByDigest(std::string_view digest) = 0;
  virtual Result<std::vector<ParticipantLink>> Links(std::string_view study, std::string_view participant) = 0;
  //! kNotFound when the participant has no such link.
  virtual Status RevokeLink(std::string_view study, std::string_view participant, std::string_view id) = 0;
  virtual Status NoteLinkUse(std::string_view id, Micros at) = 0;

  virtual Result<ParticipantRequest> AddRequest(const ParticipantRequest& request) = 0;
  virtual Result<ParticipantRequest> FindRequest(std::string_view study, std::string_view id) = 0;
  //! The newest first; all participants' when it is empty.
  virtual Result<std::vector<ParticipantRequest>> Requests(std::string_view study, std::string_view participant) = 0;
  //! kRequestDecided when it is not open any more.
  virtual Status DecideRequest(std::string_view study, std::string_view id, std::string_view state, std::string_view note,
                               std::string_view account) = 0;

  virtual Status PutRetention(const Retention& retention) = 0;
  virtual Result<std::optional<Retention>> FindRetention(std::string_view study, std::string_view dataset) = 0;
  virtual Status RemoveRetention(std::string_view study, std::string_view dataset) = 0;
  //! All, or a study's.
  virtual Result<std::vector<Retention>> Retentions(std::string_view study) = 0;

  //! Work that one server does at a time and not again before `due`: true when `owner` may do it now.
  virtual Result<bool> TakeDuty(std::string_view name, std::string_view owner, Micros lease_until, Micros done_before) = 0;
  virtual Status FinishDuty(std::string_view name, std::string_view owner) = 0;
};

}  // namespace sheaf::catalog
