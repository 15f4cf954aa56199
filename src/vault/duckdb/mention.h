#pragma once
//! Where the data of others names somebody who is erased: texts that are their id, sessions called after them, words of
//! definitions. And what stands there afterwards.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/definition.h"
#include "vault/care.h"
#include "vault/duckdb/engine.h"
#include "vault/duckdb/people.h"

namespace sheaf::vault {

//! Ascending, by number.
struct TheirSessions {
  People::Numbers all;    //!< one of the participants was there, or has records of it
  People::Numbers alone;  //!< and nobody else was or has
};
Result<TheirSessions> SessionsOf(Connection& connection, const std::string& alias,
                                 const std::vector<std::shared_ptr<const model::Dataset>>& datasets, const People::Numbers& participants);

//! A session that gets another id, for everybody.
struct Rename {
  std::int32_t number = 0;
  RenamedSession ids;
};

//! Sessions whose id holds a participant's, in order of number: anywhere in it when the participant's id is distinctive; as a
//! word of its own when it is short and one of the participants was there. Those in `gone` (ascending) are left out. A session's new id comes of its
//! number: asked again it is the same. `was_there`: ascending.
std::vector<Rename> SessionsCalledAfter(const People& people, const std::vector<std::string>& participants,
                                        const People::Numbers& was_there, const People::Numbers& gone);

class Mention {
 public:
  Mention() = default;
  //! Of the participants those whose id is distinctive count.
  Mention(const std::vector<std::string>& participants, std::vector<Rename> renamed);

  const std::vector<Rename>& Renamed() const { return renamed_; }
  //! The expression of a text column without mention. `json`: where it is a string of its own, however it is spelled: what holds
  //! a backslash is read and written anew before it is compared. `unique`: an expression that makes what stands for an id one of a kind.
  std::string Without(const std::string& column, bool json, const std::string& unique = {}) const;
  //! The same, and a distinctive id taken out of longer texts: for names, which are short and no one's answers.
  std::string WithoutInside(const std::string& column) const;
  //! A session's id, by the expressions of its number and id.
  std::string SessionId() const;
  //! Runs SQL in which the two above are; binds the ids.
  Status Run(Connection& connection, const std::string& sql) const;
  //! The definition with the ids taken out of its words; nullopt when it holds none. Ids of the dataset and its fields stay.
  std::optional<model::Dataset> WithoutIn(const model::Dataset& dataset) const;

 private:
  //! What stands for every id in the text, one after another; "$1" or "$2" is the list of ids.
  std::string Replaced(const std::string& text, std::string_view ids, std::string_view by) const;

  std::vector<std::string> ids_;
  std::vector<Rename> renamed_;
};

}  // namespace sheaf::vault
