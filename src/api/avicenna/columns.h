#pragma once
//! Names of fields as this protocol writes them, looked up in an activity or among the participants, and how they are headed
//! in a file.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "model/definition.h"

namespace sheaf::api::avicenna {

enum class Entity { kSession, kParticipation };
enum class HeaderStyle { kLabels, kNames };  //!< v1, v2

//! What the values of a field are to a rule.
enum class ValueKind { kText, kParticipant, kStatus, kTime, kNumber, kBoolean, kOption, kOptions, kAny };

//! A field of the protocol, found.
struct NamedField {
  std::string column;  //!< the native name
  ValueKind kind = ValueKind::kText;
  std::string label;                    //!< heading in style v1
  const model::Field* field = nullptr;  //!< a question or a system field of the activity
  std::int64_t question = 0;            //!< Q<n>; 0: none
};

//! Columns of an export.
struct ChosenColumns {
  std::vector<std::string> columns;  //!< native names, each once
  std::map<std::string, std::string> titles;
  std::map<std::string, std::map<std::string, std::string>> words;  //!< texts that are written otherwise, by column
  bool files = false;                                               //!< answers to one of the questions are files
};

//! Refers to the dataset.
class FieldNames {
 public:
  FieldNames(Entity entity, const model::Dataset& dataset);

  //! One or, of a question with several fields (a grid), all of them, in order. kUnknownField with `place`.
  Result<std::vector<NamedField>> Find(std::string_view name, std::string_view place) const;
  //! Every name there is here: what is known of the entity, then the questions by number.
  std::vector<std::string> All() const;
  //! Columns as asked for, duplicates once; with kNames each question's metadata behind it.
  Result<ChosenColumns> Choose(const std::vector<std::string>& names, HeaderStyle style) const;

 private:
  std::vector<NamedField> Question(std::int64_t number) const;
  std::optional<NamedField> Known(std::string_view name) const;
  std::optional<NamedField> OfActivity(std::string_view name, const char* label, ValueKind kind) const;
  std::string RecordColumn(std::string_view word) const;
  void Add(const NamedField& found, const std::string& asked, bool one, HeaderStyle style, ChosenColumns& chosen) const;

  const Entity entity_;
  const model::Dataset& dataset_;
  std::unordered_map<std::int64_t, std::vector<const model::Field*>> questions_;  //!< by number: the field, or a grid's rows
};

//! The native participant statuses as numbers, for ChosenColumns::words.
std::map<std::string, std::string> StatusNumbers();
//! "record.time" where the dataset has a field of that name.
std::string RecordColumnOf(const model::Dataset& dataset, std::string_view word);

}  // namespace sheaf::api::avicenna
