#pragma once
//! HyperStudy's record types, as one table: reading, importing and writing go by it. What a type is called in addresses and
//! files, which dataset keeps it, and its keys in order.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "access/access.h"
#include "model/definition.h"

namespace sheaf::api::hyperstudy {

//! Where the value of a key lies.
enum class Source : std::uint8_t {
  kRecordId,
  kStudy,
  kSession,
  kParticipant,
  kTime,
  kOnset,
  kField,  //!< the dataset's field of the key's name
  kMedia,  //!< made of the recording's file
};

struct Key {
  std::string name;
  Source source = Source::kField;
  model::FieldType type = model::FieldType::kString;  //!< of the field, where it is made anew
  model::PrivacyClass privacy = model::PrivacyClass::kPlain;
  //! JSON for a record without it; a null that was sent as such stays null where `keeps_null`.
  std::string absent = "null";
  bool keeps_null = false;
};

struct RecordType {
  std::string path;         //!< in addresses: "ratings/sparse"
  std::string dataset;      //!< its id: "sparse_ratings"
  model::DatasetKind kind;  //!< of it
  access::Topic topic;
  std::string data_type;           //!< in metadata: "ratings"
  std::string rating_type;         //!< "sparse"; empty: none
  std::vector<std::string> files;  //!< what a file of an export may be called, without its ending: "ratings_sparse"
  std::string count_key;           //!< in counts: "sparseRatings"
  std::string sort;                //!< by default
  std::vector<Key> keys;

  const Key* FindKey(std::string_view name) const;
};

//! A field of every dataset that is made here: members of a record that the type does not know, or that do not have the
//! type's type, as one JSON object. They come out as they went in.
inline constexpr std::string_view kExtraField = "extra";
//! The participant of records that are nobody's: of a room as a whole. It comes out as null.
inline constexpr std::string_view kNobody = "_room";

const std::vector<RecordType>& RecordTypes();
//! nullptr for none.
const RecordType* FindRecordType(std::string_view path);
const RecordType* FindRecordTypeByFile(std::string_view stem);
//! The definition of the type's dataset; of `current`, with the fields added that it lacks.
model::Dataset DefinitionOf(const RecordType& type, const model::Dataset* current = nullptr);

}  // namespace sheaf::api::hyperstudy
