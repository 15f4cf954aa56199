#pragma once
//! The room's one way to its database: a small pool of connections, transactions, waiting for locks, and the
//! engine's failures as values. What is particular to SQLite is here and in store.cc; the SQL of the other files
//! also runs on PostgreSQL.

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/error.h"
#include "catalog/catalog.h"

namespace soci {
class session;
}

namespace sheaf::catalog {

class Store {
 public:
  //! Creates the file (mode 0600) if it is missing; its schema is not touched.
  static Result<std::unique_ptr<Store>> Open(const std::string& path, const OpenOptions& options);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  //! Runs `work` (session → Status or Result) outside a transaction: one SELECT sees one instant. `work` may run
  //! again when the file was locked. Exceptions of the library end here.
  template <class Work>
  auto Read(Work&& work) {
    return Run(Mode::kRead, std::forward<Work>(work));
  }
  //! The same in one transaction that holds the write lock from its start; an error undoes it all. After success
  //! the changes are durable.
  template <class Work>
  auto Write(Work&& work) {
    return Run(Mode::kWrite, std::forward<Work>(work));
  }

  //! Writes the file anew without what was deleted, and empties its log. kUnavailable when others read for too long.
  Status Compact();
  //! See Catalog::Generation.
  Result<std::uint64_t> Generation();
  //! Empties the write-ahead log, so that what was overwritten or deleted is in neither file any more (deleted bytes are
  //! overwritten in the main file). kUnavailable when another program reads for too long.
  Status WipeDeleted();
  //! What the engine finds wrong with its own file, a sentence each.
  Result<std::vector<std::string>> Integrity();

 private:
  enum class Mode { kRead, kWrite };
  using Work = std::function<Status(soci::session&)>;
  struct Connections;
  class WriterTurn;

  Store(std::unique_ptr<Connections> connections, const OpenOptions& options);
  Status RunWaiting(Mode mode, const Work& work);
  //! nullopt: the file was locked, try again.
  std::optional<Status> Attempt(Mode mode, const Work& work);

  template <class Callable>
  std::invoke_result_t<Callable&, soci::session&> Run(Mode mode, Callable&& work) {
    using Outcome = std::invoke_result_t<Callable&, soci::session&>;
    if constexpr (std::is_same_v<Outcome, Status>) {
      return RunWaiting(mode, work);
    } else {
      std::optional<Outcome> outcome;
      SHEAF_TRY(RunWaiting(mode, [&](soci::session& sql) -> Status {
        outcome.emplace(work(sql));
        if (!*outcome) return Fail(outcome->error());
        return {};
      }));
      return std::move(*outcome);
    }
  }

  std::unique_ptr<Connections> connections_;
  const OpenOptions options_;
  // Writers of this process take turns here, so that they wait in order and hold no connection meanwhile.
  std::mutex writer_mutex_;
  std::condition_variable writer_done_;
  bool writing_ = false;
};

}  // namespace sheaf::catalog
