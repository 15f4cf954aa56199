#pragma once
//! Private to the room. One study that is watched: what is read of it once, and the channels of those who may see the same.

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "export/viewer.h"
#include "live/channel.h"
#include "quality/checker.h"
#include "vault/vault.h"

namespace sheaf::live {

using Clock = std::chrono::steady_clock;

//! Whoever sent a record within so many minutes is present.
inline constexpr int kPresentMinutes = 5;

//! What was found of one check in one dataset.
struct Standing {
  std::string dataset, check, severity, field;
  std::uint64_t count = 0;
};

//! Those who may see the same of a study.
struct View {
  View(exporting::Viewer who, std::function<void()> snapshot_wanted)
      : viewer(std::move(who)), channel(std::make_shared<Channel>(std::move(snapshot_wanted))) {}

  const exporting::Viewer viewer;
  const std::shared_ptr<Channel> channel;
  Clock::time_point empty_since = Clock::now();

  // Of the hub's thread.
  bool begun = false;
  std::deque<std::string> recent;                   //!< the last records as JSON
  std::map<std::string, std::string> counts;        //!< by dataset, as JSON
  std::shared_ptr<const vault::PeopleView> people;  //!< ids, or codes
  std::optional<std::vector<std::int32_t>> seen;    //!< the only participants they see
  std::uint64_t told_present = 0;
  Clock::time_point due{};  //!< not before this: reading for it takes long

  // Of the hub's and the checker's threads.
  std::mutex mutex;
  std::map<std::string, Standing> standing;
  bool standing_known = false;
  std::map<std::string, Standing> alerts;  //!< to be told; `count` is by how much it grew
};

//! Takes in what was found of the records the view sees, and what was refused. True: there is something new to tell. On the checker's thread.
bool NoteFindings(quality::Checker& checker, vault::StudyVault& study, View& view);

//! Of the hub's thread.
class StudyFeed {
 public:
  explicit StudyFeed(std::shared_ptr<vault::StudyVault> study) : study_(std::move(study)) {}

  const std::shared_ptr<vault::StudyVault>& Study() const { return study_; }
  //! Reads what was committed since the last time, and tells the views. False: a view waits for its turn.
  bool Update(const std::vector<std::shared_ptr<View>>& views);
  //! Makes a snapshot for those of the view who wait for one.
  void OfferSnapshot(View& view);
  //! Tells of participants who are not present any more.
  void TellPresence(View& view);
  //! For those to whom Update had nothing to tell.
  void TellAlerts(View& view);

 private:
  struct Fresh {
    std::shared_ptr<const model::Dataset> dataset;
    std::uint64_t added = 0;
    std::deque<std::pair<vault::Seq, std::int32_t>> last;  // seq, participant
  };
  Status Begin();
  Result<std::vector<Fresh>> ReadFresh(vault::Seq upto);
  using Arrivals = std::unordered_map<std::int32_t, Micros>;  // when a participant's last record came
  Status ReadRows(const vault::Select& select, Arrivals& arrivals, Fresh* fresh);
  Status BeginView(View& view);
  Status TellView(View& view, const std::vector<Fresh>& fresh, vault::Seq upto);
  Status AddRecords(View& view, const model::Dataset& dataset, vault::Seq after, std::size_t most, std::vector<std::string>& records);
  Result<std::string> CountsOf(View& view, const model::Dataset& dataset, std::optional<std::uint64_t> added);
  std::string PresentJson(View& view);
  //! One message of the alerts that wait, behind `seq` and `messages`; none where there are none.
  static void AddAlerts(View& view, vault::Seq seq, std::vector<Channel::Message>& messages);
  std::uint64_t Present(const View& view, std::vector<std::string>* ids) const;
  static bool Sees(const View& view, std::int32_t participant);

  const std::shared_ptr<vault::StudyVault> study_;
  bool begun_ = false;
  vault::Seq seen_ = vault::kNoSeq;
  std::uint64_t generation_ = 0;
  std::map<std::string, Arrivals> present_;  // by dataset
};

}  // namespace sheaf::live
