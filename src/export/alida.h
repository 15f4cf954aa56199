#pragma once
//! A file of Alida's batch export: a typed definition, then the records, with GUIDs in the place of ids.
//!
//! {"id","datasetId","exportOptions":{…},"exportDate","lastSyncDate","definition":{"fields":[…],"fieldGroups":[…]},"records":[…]}
//! A profile's file has no datasetId, and exportOptions only where some were given. One record:
//! {"ownerId","lastUpdateDate","fields":[{"id","values":[…]|null}]}: null where the participant skipped, nothing where they
//! were not asked.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"
#include "model/definition.h"
#include "privacy/codes.h"
#include "vault/vault.h"

namespace sheaf::exporting {

struct Plan;

//! What a plan knows of its file.
struct AlidaFile {
  std::string id;  //!< GUID; empty: a new one
  privacy::CodeKey key{};
  Micros exported_at = 0;           //!< the instant of the plan
  std::optional<Micros> synced_at;  //!< last change of any record of the dataset; filled by PreparePlan
};

//! The GUIDs of a definition.
class AlidaGuids {
 public:
  AlidaGuids(const privacy::CodeKey& key, const model::Dataset& dataset) : key_(key), dataset_(dataset) {}
  std::string OfDataset() const;
  std::string OfField(const model::Field& field) const;
  std::string OfGroup(std::string_view group) const;
  //! Fields of a group share the GUIDs of equal options: the columns of a grid.
  std::string OfOption(const model::Field& field, std::string_view option) const;

 private:
  const privacy::CodeKey& key_;
  const model::Dataset& dataset_;
};

//! Has the field a place in such a file? Not what shows media or marks tests, nor what was deleted.
bool InAlidaFile(const model::Dataset& dataset, std::size_t field);
//! What comes before the records.
std::string AlidaHead(const Plan& plan, const std::string& id);

//! GUID of the job's file as it names itself, and of the job; other marks are free.
inline constexpr unsigned kAlidaBatchMark = 0;
inline constexpr unsigned kAlidaFileMark = 1;

//! "2026-01-31T08:15:00.250Z" with three decimals always.
std::string AlidaTime(Micros instant);
//! Instants are cut to milliseconds.
inline Micros ToMilliseconds(Micros instant) { return instant - ((instant % 1000) + 1000) % 1000; }

inline constexpr std::string_view kAlidaNoFields = "The activity has no exportable fields.";
//! Reads what must be known before the first record. kBadDefinition when the dataset has no field that could be exported.
Status PrepareAlida(vault::StudyVault& study, Plan& plan);

}  // namespace sheaf::exporting
