#pragma once
//! Running studies, told to whoever watches: counts, who is present, the last records, what is wrong with them. One thread
//! reads what was committed, once for all who may see the same; it never holds up who writes.

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "export/viewer.h"
#include "live/channel.h"
#include "quality/checker.h"
#include "vault/vault.h"

namespace sheaf::live {

//! Thread-safe.
class Hub {
 public:
  struct Options {
    std::shared_ptr<quality::Checker> quality;
    std::size_t most_listeners = 3000;  //!< others need the server's connections, too
  };
  explicit Hub(Options options);
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  //! kUnavailable when there are too many. The study is held open while somebody listens.
  Result<std::unique_ptr<Listener>> Listen(std::shared_ptr<vault::StudyVault> study, const exporting::Viewer& viewer,
                                           std::optional<Position> after, Pass pass);

  //! Something was committed: from any thread, never blocks.
  void Changed(std::string_view study);
  //! What arrived has been checked. On the checker's thread.
  void Checked(const std::string& study);
  //! Ends the study's streams and lets go of it.
  void End(std::string_view study);
  //! Ends all streams. To be called before the server stops.
  void Stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sheaf::live
