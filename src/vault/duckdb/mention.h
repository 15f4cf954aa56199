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
  People::Numbers all;    //!< the participant was there, or has records of it
  People::Numbers alone;  //!< and nobody else was or has
};
Result<TheirSessions> SessionsOf(Connection& connection, const std::string& alias,
                                 const std::vector<std::shared_ptr<const model::Dataset>>& datasets, std::int32_t participant);

//! A session that gets another id, for everybody.
struct Rename {
  std::int32_t number = 0;
  RenamedSession ids;
};

//! Sessions whose id holds the participant's, in order of number: anywhere in it when the id is distinctive; as a word
//! of its own when it is short and the participant was there. Those in `gone` (ascending) are left out. A session's new id comes of its
//! number: asked again it is the same. `was_there`: ascending.
std::vector<Rename> SessionsCalledAfter(const People& people, const std::string& participant, const People::Numbers& was_there,
                                        const People::Numbers& gone);

class Mention {
 public:
  Mention() = default;
  Mention(std::string participant, std::vector<Rename> renamed) : participant_(std::move(participant)), renamed_(std::move(renamed)) {}

  const std::vector<Rename>& Renamed() const { return renamed_; }
  //! The expression of a text column without mention. `json`: where it is a string of its own, however it is spelled: what holds
  //! a backslash is read and written anew before it is compared. `unique`: an expression that makes what stands for the id one of a kind.
  std::string Without(const std::string& column, bool json, const std::string& unique = {}) const;
  //! The same, and a distinctive id taken out of longer texts: for names, which are short and no one's answers.
  std::string WithoutInside(const std::string& column) const;
  //! A session's id, by the expressions of its number and id.
  std::string SessionId() const;
  //! Runs SQL in which the two above are; binds the id.
  Status Run(Connection& connection, const std::string& sql) const;
  //! The definition with the id taken out of its words; nullopt when it holds none. Ids of the dataset and its fields stay.
  std::optional<model::Dataset> WithoutIn(const model::Dataset& dataset) const;

 private:
  std::string participant_;
  std::vector<Rename> renamed_;
};

}  // namespace sheaf::vault
