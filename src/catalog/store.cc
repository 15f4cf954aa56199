#include "catalog/store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <thread>

#include "base/log.h"

namespace sheaf::catalog {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kRetryPause = std::chrono::milliseconds(5);

sqlite_api::sqlite3* Handle(soci::session& sql) { return static_cast<soci::sqlite3_session_backend*>(sql.get_backend())->conn_; }

bool IsFull(int system_error) { return system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG; }

// The last error the system gave for the database or its log. The engine calls only ENOSPC full; a quota or a limit on
// the size of files is the same to whoever must make room.
int LastSystemError(soci::session& sql) {
  sqlite_api::sqlite3* const handle = Handle(sql);
  int last = 0;
  sqlite_api::sqlite3_file_control(handle, "main", SQLITE_FCNTL_LAST_ERRNO, &last);
  if (IsFull(last)) return last;
  sqlite_api::sqlite3_file* log = nullptr;
  sqlite_api::sqlite3_file_control(handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
  if (log != nullptr && log->pMethods != nullptr) log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &last);
  return last;
}

Error LockedTooLong() { return Error{ErrorCode::kUnavailable, "The catalog is locked by another program.", {}, 1}; }

bool IsBusy(int result) {
  const int primary = result & 0xFF;
  return primary == SQLITE_BUSY || primary == SQLITE_LOCKED || primary == SQLITE_PROTOCOL;
}

// The engine's own words go to the log only: they may name paths.
Error FromEngine(int result, int system_error, const std::string& message) {
  const int primary = result & 0xFF;
  if (IsBusy(result)) return LockedTooLong();
  if (primary == SQLITE_CONSTRAINT) { return Error{ErrorCode::kConflict, "The change contradicts what the catalog holds.", {}, 0}; }
  LogError("catalog failed", {{"engine", message}, {"code", std::to_string(result)}, {"errno", std::to_string(system_error)}});
  switch (primary) {
    case SQLITE_FULL: return Error{ErrorCode::kStorageFull, "The catalog cannot grow.", {}, 0};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return Error{ErrorCode::kStorageDamaged, "The catalog's file is damaged.", {}, 0};
    case SQLITE_NOMEM: return Error{ErrorCode::kUnavailable, "Memory ran out.", {}, 1};
    case SQLITE_IOERR:
      if (IsFull(system_error)) return Error{ErrorCode::kStorageFull, "The catalog cannot grow.", {}, 0};
      [[fallthrough]];
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH: return Error{ErrorCode::kIo, "The catalog's file could not be read or written.", {}, 0};
    default: return Error{ErrorCode::kInternal, "The catalog failed.", {}, 0};
  }
}

Error FromSystem(int system_error, const char* what) {
  LogError(what, {{"errno", std::to_string(system_error)}});
  const auto code = IsFull(system_error) ? ErrorCode::kStorageFull : ErrorCode::kIo;
  return Error{code, "The catalog's file could not be created.", {}, 0};
}

// A new file has its narrow mode from the first moment; the engine gives the same to the files beside it. An
// existing file is never opened here: closing that descriptor would drop the locks other connections of this
// process hold on it.
Status PrepareFile(const std::string& path) {
  const int created = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (created >= 0) {
    // Under an odd umask the file may have even less than 0600.
    const bool sound = ::fchmod(created, S_IRUSR | S_IWUSR) == 0;
    const int system_error = errno;
    ::close(created);
    if (!sound) return Fail(FromSystem(system_error, "cannot set the catalog's mode"));
    return {};
  }
  if (errno != EEXIST) return Fail(FromSystem(errno, "cannot create the catalog"));
  struct stat state {};
  if (::stat(path.c_str(), &state) != 0) return Fail(FromSystem(errno, "cannot look at the catalog"));
  if (!S_ISREG(state.st_mode)) return Fail(ErrorCode::kIo, "The catalog is not a file.");
  const mode_t narrow = S_IRUSR | S_IWUSR;
  if ((state.st_mode & 07777) != narrow && state.st_uid == ::geteuid() && ::chmod(path.c_str(), narrow) != 0) {
    return Fail(FromSystem(errno, "cannot set the catalog's mode"));
  }
  return {};
}

// SOCI reads `key=value` words as soon as there is a `=`; without one the whole text is the path.
Result<std::string> ConnectText(const std::string& absolute) {
  if (absolute.find('=') == std::string::npos) return absolute;
  if (absolute.find('"') != std::string::npos) {
    return Fail(ErrorCode::kUsage, "The catalog's path may not hold both = and a double quote.");
  }
  return fmt::format("dbname=\"{}\"", absolute);
}

std::string Ask(soci::session& sql, const std::string& text) {
  std::string answer;
  sql << text, soci::into(answer);
  return answer;
}

void OpenSession(soci::session& sql, const std::string& connect, int lock_wait_ms) {
  sql.open(soci::sqlite3, connect);
  sqlite_api::sqlite3_busy_timeout(Handle(sql), lock_wait_ms);
  // Switching to the write-ahead log needs the file alone for a moment, and the engine does not always wait for it.
  const auto deadline = Clock::now() + std::chrono::milliseconds(lock_wait_ms);
  for (;;) {
    try {
      const std::string mode = Ask(sql, "PRAGMA journal_mode = WAL");
      if (mode != "wal") throw soci::sqlite3_soci_error("no write-ahead log on this file system", SQLITE_IOERR);
      break;
    } catch (const soci::sqlite3_soci_error& failure) {
      if (!IsBusy(failure.result()) || Clock::now() >= deadline) throw;
      std::this_thread::sleep_for(kRetryPause);
    }
  }
  sql << "PRAGMA synchronous = FULL";
  sql << "PRAGMA secure_delete = ON";
  sql << "PRAGMA foreign_keys = ON";
  sql << "PRAGMA trusted_schema = OFF";
  // What is deleted is overwritten: freed pages would go on holding it.
  Ask(sql, "PRAGMA secure_delete = ON");
}

}  // namespace

struct Store::Connections {
  explicit Connections(std::size_t size) : pool(size) {}
  soci::connection_pool pool;
  // A connection that never writes: its data_version moves with every commit of every other connection.
  std::mutex watcher_mutex;
  soci::session watcher;
  long long version = 0;
  std::unique_ptr<soci::statement> watch;
};

namespace {
class Lease {
 public:
  Lease(soci::connection_pool& pool, int wait_ms) : pool_(pool), held_(pool.try_lease(place_, wait_ms)) {}
  ~Lease() {
    if (held_) pool_.give_back(place_);
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  bool held() const { return held_; }
  soci::session& session() { return pool_.at(place_); }

 private:
  soci::connection_pool& pool_;
  std::size_t place_ = 0;
  bool held_;
};

// Ends the transaction it began, by rolling back unless Commit was reached.
class Transaction {
 public:
  explicit Transaction(soci::session& sql) : sql_(sql) { sql_ << "BEGIN IMMEDIATE"; }
  ~Transaction() {
    if (done_) return;
    try {
      // A failure such as a full disk may have ended it already.
      if (sqlite_api::sqlite3_get_autocommit(Handle(sql_)) == 0) sql_ << "ROLLBACK";
    } catch (const std::exception& failure) { LogError("catalog: rollback failed", {{"engine", failure.what()}}); }
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void Commit() {
    sql_ << "COMMIT";
    done_ = true;
  }

 private:
  soci::session& sql_;
  bool done_ = false;
};
}  // namespace

class Store::WriterTurn {
 public:
  WriterTurn(Store& store, Clock::time_point deadline) : store_(store) {
    std::unique_lock lock(store_.writer_mutex_);
    held_ = store_.writer_done_.wait_until(lock, deadline, [&] { return !store_.writing_; });
    if (held_) store_.writing_ = true;
  }
  ~WriterTurn() {
    if (!held_) return;
    {
      const std::lock_guard lock(store_.writer_mutex_);
      store_.writing_ = false;
    }
    store_.writer_done_.notify_one();
  }
  WriterTurn(const WriterTurn&) = delete;
  WriterTurn& operator=(const WriterTurn&) = delete;
  bool held() const { return held_; }

 private:
  Store& store_;
  bool held_ = false;
};

Store::Store(std::unique_ptr<Connections> connections, const OpenOptions& options)
    : connections_(std::move(connections)), options_(options) {}
Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::Open(const std::string& path, const OpenOptions& options) {
  try {
    const std::string absolute = std::filesystem::absolute(path).string();
    if (absolute.find('\0') != std::string::npos) return Fail(ErrorCode::kUsage, "A path cannot hold a NUL byte.");
    SHEAF_TRY(PrepareFile(absolute));
    SHEAF_ASSIGN(const std::string connect, ConnectText(absolute));
    const auto size = static_cast<std::size_t>(std::clamp(options.connections, 1, 64));
    auto connections = std::make_unique<Connections>(size);
    for (std::size_t i = 0; i < size; ++i) OpenSession(connections->pool.at(i), connect, options.lock_wait_ms);
    OpenSession(connections->watcher, connect, options.lock_wait_ms);
    connections->watch =
        std::make_unique<soci::statement>((connections->watcher.prepare << "PRAGMA data_version", soci::into(connections->version)));
    return std::unique_ptr<Store>(new Store(std::move(connections), options));
  } catch (const soci::sqlite3_soci_error& failure) {
    return Fail(FromEngine(failure.result(), 0, failure.get_error_message()));
  } catch (const std::exception& failure) {
    LogError("catalog cannot be opened", {{"reason", failure.what()}});
    return Fail(ErrorCode::kIo, "The catalog could not be opened.");
  }
}

Status Store::RunWaiting(Mode mode, const Work& work) {
  const auto deadline = Clock::now() + std::chrono::milliseconds(options_.lock_wait_ms);
  std::optional<WriterTurn> turn;
  if (mode == Mode::kWrite) {
    turn.emplace(*this, deadline);
    if (!turn->held()) return Fail(LockedTooLong());
  }
  for (;;) {
    std::optional<Status> outcome = Attempt(mode, work);
    if (outcome) return *std::move(outcome);
    if (Clock::now() >= deadline) return Fail(LockedTooLong());
    std::this_thread::sleep_for(kRetryPause);
  }
}

std::optional<Status> Store::Attempt(Mode mode, const Work& work) {
  try {
    Lease lease(connections_->pool, std::max(1, options_.lock_wait_ms));
    if (!lease.held()) return Fail(LockedTooLong());
    soci::session& sql = lease.session();
    try {
      if (mode == Mode::kRead) return work(sql);
      Transaction transaction(sql);
      Status outcome = work(sql);
      if (outcome) transaction.Commit();
      return outcome;
    } catch (const soci::sqlite3_soci_error& failure) {
      if (IsBusy(failure.result())) return std::nullopt;
      // Only the message itself: the full text would list the statement's parameters.
      return Fail(FromEngine(failure.result(), LastSystemError(sql), failure.get_error_message()));
    } catch (const soci::soci_error& failure) {
      LogError("catalog failed", {{"library", failure.get_error_message()}});
      return Fail(ErrorCode::kInternal, "The catalog failed.");
    }
  } catch (const std::exception& failure) {
    LogError("catalog failed", {{"reason", failure.what()}});
    return Fail(ErrorCode::kInternal, "The catalog failed.");
  }
}

Status Store::Compact() {
  const auto checkpoint = [this]() -> Status {
    const auto deadline = Clock::now() + std::chrono::milliseconds(options_.lock_wait_ms);
    for (;;) {
      SHEAF_ASSIGN(const bool busy, Read([](soci::session& sql) -> Result<bool> {
                     long long blocked = 0, pages = 0, moved = 0;
                     sql << "PRAGMA wal_checkpoint(TRUNCATE)", soci::into(blocked), soci::into(pages), soci::into(moved);
                     return blocked != 0;
                   }));
      if (!busy) return {};
      if (Clock::now() >= deadline) return Fail(LockedTooLong());
      std::this_thread::sleep_for(kRetryPause);
    }
  };
  SHEAF_TRY(Read([](soci::session& sql) -> Status {
    sql << "VACUUM";
    return {};
  }));
  return checkpoint();
}

Result<std::uint64_t> Store::Generation() {
  try {
    const std::lock_guard lock(connections_->watcher_mutex);
    soci::statement& watch = *connections_->watch;
    watch.execute();
    // To the end of the rows: a statement left in the middle would hold a snapshot, and the log could never shrink.
    while (watch.fetch()) {}
    return static_cast<std::uint64_t>(connections_->version);
  } catch (const soci::sqlite3_soci_error& failure) {
    return Fail(FromEngine(failure.result(), 0, failure.get_error_message()));
  } catch (const std::exception& failure) {
    LogError("catalog failed", {{"reason", failure.what()}});
    return Fail(ErrorCode::kInternal, "The catalog failed.");
  }
}

Status Store::WipeDeleted() {
  const auto deadline = Clock::now() + std::chrono::milliseconds(options_.lock_wait_ms);
  for (;;) {
    SHEAF_ASSIGN(const int busy, Read([](soci::session& sql) -> Result<int> {
                   int left = 0;
                   sql << "PRAGMA wal_checkpoint(TRUNCATE)", soci::into(left);
                   return left;
                 }));
    if (busy == 0) return {};
    if (Clock::now() >= deadline) return Fail(LockedTooLong());
    std::this_thread::sleep_for(kRetryPause);
  }
}

Result<std::vector<std::string>> Store::Integrity() {
  return Read([](soci::session& sql) -> Result<std::vector<std::string>> {
    std::vector<std::string> sentences;
    try {
      const soci::rowset<std::string> lines = (sql.prepare << "PRAGMA integrity_check(50)");
      for (const std::string& line : lines) {
        if (line != "ok") sentences.push_back(fmt::format("The catalog's file is damaged: {}.", line));
      }
      std::string table;
      soci::indicator present = soci::i_null;
      // Columns: table, row, the table it refers to, which reference. One sentence a table is enough.
      sql << "SELECT min(\"table\") FROM pragma_foreign_key_check", soci::into(table, present);
      if (present == soci::i_ok) {
        sentences.push_back(fmt::format("Rows of the catalog's table {} refer to something that is not there.", table));
      }
    } catch (const soci::sqlite3_soci_error& failure) {
      const int primary = failure.result() & 0xFF;
      if (primary != SQLITE_CORRUPT && primary != SQLITE_NOTADB) throw;
      sentences.emplace_back("The catalog's file is damaged: it cannot be read to its end.");
    }
    return sentences;
  });
}

}  // namespace sheaf::catalog
