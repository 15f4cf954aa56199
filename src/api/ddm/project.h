#pragma once
//! A donation project as requests find it, the people in it, and what they gave.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/native/api.h"
#include "catalog/donation_table.h"
#include "export/time_zone.h"
#include "ingest/donation.h"
#include "model/donation_project.h"

namespace sheaf::api::ddm {

struct Project {
  catalog::DonationProjectRow row;
  model::DonationProject settings;
  model::Study study;
  std::shared_ptr<vault::StudyVault> vault;

  const std::string& UrlId() const { return row.url_id; }
  bool SuperSecret() const { return study.locked; }
};
//! kNotFound.
Result<Project> FindProject(const native::Rooms& rooms, std::string_view url_id);
Result<Project> FindProjectBySlug(const native::Rooms& rooms, std::string_view slug);

struct Person {
  std::string id;
  std::int32_t number = 0;
  Micros start_time = 0;
  std::optional<Micros> end_time;
  bool completed = false;
  std::optional<std::int64_t> current_step;
  std::string extra_data = R"({"url_param":{}})";  //!< JSON
};
//! All who ever started and have not withdrawn, in the order in which they became known.
Result<std::vector<Person>> People(vault::StudyVault& vault);
//! kNotFound.
Result<Person> FindPerson(vault::StudyVault& vault, std::string_view id);
Status PutPerson(vault::StudyVault& vault, const Person& person);

struct DonationRecord {
  std::int32_t participant = 0;  //!< its number
  vault::Seq seq = vault::kNoSeq;
  Micros time = 0;
  std::string status;
  std::optional<bool> consent;
  std::string payload;  //!< a file's id; empty: nothing came
  std::optional<std::int64_t> entries;
};
//! Blueprints that were ever donated to, in ascending order: also those that the project has no longer.
std::vector<std::int64_t> DonatedBlueprints(vault::StudyVault& vault);
//! Of one blueprint, of `participants` (ids) or of all, in the order in which they came.
Result<std::vector<DonationRecord>> Donations(vault::StudyVault& vault, std::int64_t blueprint,
                                              const std::optional<std::vector<std::string>>& participants);

//! What goes into the project's log; never fails a request.
void LogEvent(const native::Rooms& rooms, const Project& project, std::string description, std::string message);

//! `a,b,c`, not trimmed.
std::vector<std::string> SplitList(std::string_view text);

}  // namespace sheaf::api::ddm
