#pragma once
//! The DonationTable over a Store: donations.cc.

#include "catalog/donation_table.h"

namespace sheaf::catalog {

class Store;

class SqlDonationTable final : public DonationTable {
 public:
  explicit SqlDonationTable(Store& store) : store_(store) {}

  Result<DonationProjectRow> PutProject(const DonationProjectRow& project) override;
  Result<DonationProjectRow> FindProject(std::string_view study) override;
  Result<DonationProjectRow> FindProjectByUrl(std::string_view url_id) override;
  Result<DonationProjectRow> FindProjectBySlug(std::string_view slug) override;
  Status PutToken(const DonationToken& token) override;
  Status RemoveToken(std::string_view study) override;
  Result<std::optional<DonationToken>> FindToken(std::string_view study) override;
  Result<std::optional<DonationToken>> FindTokenByDigest(std::string_view digest) override;
  Status AddEvent(std::string_view study, const DonationEvent& event) override;
  Result<std::vector<DonationEvent>> Events(std::string_view study) override;
  Status AddException(std::string_view study, const DonationException& exception) override;
  Result<std::vector<DonationException>> Exceptions(std::string_view study) override;
  Status ForgetParticipants(std::string_view study, const std::vector<std::string>& participants) override;

 private:
  Result<DonationProjectRow> FindBy(const char* column, std::string_view value);

  Store& store_;
};

}  // namespace sheaf::catalog
