#pragma once
//! The CareCatalog over a Store: sql_care.cc, and links.cc for links and requests.

#include "catalog/care.h"

namespace sheaf::catalog {

class Store;

class SqlCare final : public CareCatalog {
 public:
  explicit SqlCare(Store& store) : store_(store) {}

  Result<std::vector<Erasure>> BeginErasures(std::string_view study, const std::vector<std::string>& participants,
                                             std::string_view account) override;
  Status ForgetWhom(const std::vector<Erasure>& erasures, std::string_view report) override;
  Status FinishErasures(const std::vector<Erasure>& erasures) override;
  Result<std::vector<Erasure>> UnfinishedErasures() override;
  Result<std::pair<std::uint64_t, std::uint64_t>> RemoveParticipants(std::string_view study,
                                                                     const std::vector<std::string>& participants) override;
  Status Compact() override;

  Result<ParticipantLink> AddLink(const ParticipantLink& link, std::string_view digest) override;
  Result<ParticipantLink> FindLinkByDigest(std::string_view digest) override;
  Result<std::vector<ParticipantLink>> Links(std::string_view study, std::string_view participant) override;
  Status RevokeLink(std::string_view study, std::string_view participant, std::string_view id) override;
  Status NoteLinkUse(std::string_view id, Micros at) override;

  Result<ParticipantRequest> AddRequest(const ParticipantRequest& request) override;
  Result<ParticipantRequest> FindRequest(std::string_view study, std::string_view id) override;
  Result<std::vector<ParticipantRequest>> Requests(std::string_view study, std::string_view participant) override;
  Status DecideRequest(std::string_view study, std::string_view id, std::string_view state, std::string_view note,
                       std::string_view account) override;

  Status PutRetention(const Retention& retention) override;
  Result<std::optional<Retention>> FindRetention(std::string_view study, std::string_view dataset) override;
  Status RemoveRetention(std::string_view study, std::string_view dataset) override;
  Result<std::vector<Retention>> Retentions(std::string_view study) override;
  Result<bool> TakeDuty(std::string_view name, std::string_view owner, Micros lease_until, Micros done_before) override;
  Status FinishDuty(std::string_view name, std::string_view owner) override;

 private:
  Store& store_;
};

}  // namespace sheaf::catalog
