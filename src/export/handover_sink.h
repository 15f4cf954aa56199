#pragma once
//! A sink on a thread of its own: what is written behind it goes on while the next bytes are made.

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "export/pipeline.h"

namespace sheaf::exporting {

//! Copies what it is given, at most a few blocks ahead. Bytes keep their order; `behind` is used by one thread alone until
//! Finish has answered or the sink is gone.
class HandOverSink final : public Sink {
 public:
  explicit HandOverSink(Sink& behind);
  ~HandOverSink() override;  //!< without Finish: what waits is dropped
  HandOverSink(const HandOverSink&) = delete;
  HandOverSink& operator=(const HandOverSink&) = delete;

  //! Blocks while enough waits. The failure of an earlier write comes with a later one, or with Finish.
  Status Write(std::string_view bytes) override;
  //! When all was taken. Write must not be called any more.
  Status Finish();

 private:
  void Run();
  void End();

  Sink& behind_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> waiting_;
  std::vector<std::string> spare_;
  std::optional<Error> failure_;
  bool ended_ = false;
  bool dropped_ = false;
  std::thread thread_;
};

}  // namespace sheaf::exporting
