#include "live/hub.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <thread>
#include <unordered_map>

#include "base/log.h"
#include "live/messages.h"
#include "live/study_feed.h"
#include "model/study_settings.h"
#include "quality/report_json.h"

namespace sheaf::live {
namespace {

// A study is told at most so often, and rests twice as long as telling it took. Each listener costs a message's sending,
// which ingest must not feel: with many the pauses are longer, and still within the second.
constexpr auto kBetween = std::chrono::milliseconds(300);
constexpr auto kLongestBetween = std::chrono::milliseconds(800);
constexpr auto kForEachListener = std::chrono::microseconds(400);
constexpr auto kPatience = std::chrono::milliseconds(50);
constexpr auto kAgain = std::chrono::milliseconds(200);
constexpr auto kBeat = std::chrono::seconds(15);
constexpr auto kRound = std::chrono::seconds(2);
constexpr auto kPresence = std::chrono::seconds(5);
// A view that nobody has watched for so long is let go, and with it the study.
constexpr auto kEmpty = std::chrono::seconds(10);

//! How channels reach the hub's thread; may outlive the hub.
struct Signal {
  std::mutex mutex;
  std::condition_variable changed;
  bool snapshots = false;
  void WantSnapshots() {
    const std::lock_guard lock(mutex);
    snapshots = true;
    changed.notify_one();
  }
};

struct Watched {
  std::shared_ptr<StudyFeed> feed;
  std::map<std::string, std::shared_ptr<View>> views;  // by what they see
  bool dirty = false;                                  // something was committed
  bool alerts = false;                                 // something was found
  Clock::time_point due{};
  bool IsDue(Clock::time_point now) const { return (dirty || alerts) && due <= now; }
  std::vector<std::shared_ptr<View>> Views() const {
    std::vector<std::shared_ptr<View>> all;
    for (const auto& [key, view] : views) all.push_back(view);
    return all;
  }
};

Clock::duration PauseFor(const std::vector<std::shared_ptr<View>>& views) {
  std::size_t listeners = 0;
  for (const auto& view : views) listeners += view->channel->Listeners();
  return std::clamp<Clock::duration>(listeners * kForEachListener, kBetween, kLongestBetween);
}

Text Farewell(std::string_view reason) { return Message("end", nullptr, "{\"reason\":\"" + std::string(reason) + "\"}"); }

bool Everybody(const Pass&) { return true; }

std::string KeyOf(const exporting::Viewer& viewer) {
  return model::ViewRightsJson(viewer.rights) + "\n" + model::StudySettingsJson(viewer.settings);
}

}  // namespace

struct Hub::Impl {
  explicit Impl(Options with) : options(std::move(with)), thread([this] { Run(); }) {}

  void Run() {
    while (true) {
      std::vector<std::pair<std::string, Watched>> due;  // copies: of pointers
      bool snapshots = false;
      {
        std::unique_lock lock(signal->mutex);
        signal->changed.wait_for(lock, Wait(), [this] { return stopping || signal->snapshots || again_at <= Clock::now() || AnyDue(); });
        if (stopping) return;
        const auto now = Clock::now();
        snapshots = std::exchange(signal->snapshots, false) || again_at <= now;
        if (again_at <= now) again_at = Clock::time_point::max();
        for (auto& [name, study] : studies) {
          const bool is_due = study.IsDue(now);
          if (!is_due && !snapshots) continue;
          due.emplace_back(name, study);
          if (is_due) study.dirty = study.alerts = false;
          else due.back().second.dirty = due.back().second.alerts = false;
        }
      }
      for (auto& [name, work] : due) Work(name, work, snapshots);
      due.clear();
      EachRound();
    }
  }

  //! Under the lock.
  bool AnyDue() const {
    const auto now = Clock::now();
    return std::any_of(studies.begin(), studies.end(), [&](const auto& study) { return study.second.IsDue(now); });
  }
  Clock::duration Wait() const {
    const bool any =
        std::any_of(studies.begin(), studies.end(), [](const auto& study) { return study.second.dirty || study.second.alerts; });
    const bool soon = any || again_at != Clock::time_point::max();
    return soon ? Clock::duration(kPatience) : Clock::duration(std::chrono::seconds(1));
  }

  void Work(const std::string& name, Watched& work, bool snapshots) {
    const auto views = work.Views();
    bool all = true;
    if (work.dirty || work.alerts) {
      const auto began = Clock::now();
      if (work.dirty) all = work.feed->Update(views);
      for (const auto& view : views) {
        if (work.alerts) work.feed->TellAlerts(*view);
      }
      const auto ended = Clock::now();
      const std::lock_guard lock(signal->mutex);
      const auto study = studies.find(name);
      if (study != studies.end()) study->second.due = ended + std::max<Clock::duration>(PauseFor(views), 2 * (ended - began));
    }
    for (const auto& view : views) {
      if ((snapshots || work.dirty) && view->channel->WantsSnapshot()) work.feed->OfferSnapshot(*view);
      all = all && !view->channel->WantsSnapshot();
    }
    // Some wait for their turn.
    if (!all) again_at = Clock::now() + kAgain;
  }

  void EachRound() {
    const auto now = Clock::now();
    const bool beat = now >= next_beat, round = now >= next_round, presence = now >= next_presence;
    if (beat) next_beat = now + kBeat;
    if (round) next_round = now + kRound;
    if (presence) next_presence = now + kPresence;
    if (!beat && !round && !presence) return;
    std::vector<Watched> all;
    {
      const std::lock_guard lock(signal->mutex);
      if (round) LetGo(now);
      for (const auto& [name, study] : studies) all.push_back(study);
    }
    std::unordered_map<std::string, bool> asked;
    for (const auto& study : all) {
      for (const auto& view : study.Views()) {
        if (round) CheckPasses(*view, asked);
        if (presence) study.feed->TellPresence(*view);
        if (beat) view->channel->Beat(kAlive);
      }
    }
  }

  void CheckPasses(View& view, std::unordered_map<std::string, bool>& asked) {
    for (const auto& pass : view.channel->Passes()) {
      const auto [answer, is_new] = asked.try_emplace(pass->identity, true);
      if (is_new) answer->second = pass->still();
      if (answer->second) continue;
      view.channel->EndWhere([&](const Pass& one) { return one.identity == pass->identity; }, Farewell("access"));
    }
  }

  //! Views without listeners, and studies without views. Under the lock.
  void LetGo(Clock::time_point now) {
    for (auto study = studies.begin(); study != studies.end();) {
      auto& views = study->second.views;
      for (auto view = views.begin(); view != views.end();) {
        if (view->second->channel->Listeners() > 0) view->second->empty_since = now;
        view = now - view->second->empty_since > kEmpty ? views.erase(view) : std::next(view);
      }
      study = views.empty() ? studies.erase(study) : std::next(study);
    }
    watching = !studies.empty();
  }

  const Options options;
  const std::shared_ptr<Signal> signal = std::make_shared<Signal>();
  // Guarded by the signal's mutex.
  std::map<std::string, Watched, std::less<>> studies;
  bool stopping = false;
  std::atomic<bool> watching{false};
  // Of the thread.
  Clock::time_point again_at = Clock::time_point::max();  // when those who wait for their turn are looked at
  const Text kAlive = Comment("alive");
  Clock::time_point next_beat = Clock::now() + kBeat, next_round = Clock::now() + kRound, next_presence = Clock::now() + kPresence;
  std::thread thread;
};

Hub::Hub(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Hub::~Hub() { Stop(); }

Result<std::unique_ptr<Listener>> Hub::Listen(std::shared_ptr<vault::StudyVault> study, const exporting::Viewer& viewer,
                                              std::optional<Position> after, Pass pass) {
  const std::string name = study->StudyId(), key = KeyOf(viewer);
  pass.identity += "\n" + name + "\n" + key;
  bool first = false;
  std::unique_ptr<Listener> listener;
  {
    const std::lock_guard lock(impl_->signal->mutex);
    if (impl_->stopping) return Fail(Error{ErrorCode::kUnavailable, "The server is stopping.", {}, 5});
    std::size_t listeners = 0;
    for (const auto& [id, watched] : impl_->studies) {
      for (const auto& [what, view] : watched.views) listeners += view->channel->Listeners();
    }
    if (listeners >= impl_->options.most_listeners) return Fail(Error{ErrorCode::kUnavailable, "Too many are listening already.", {}, 30});
    auto& watched = impl_->studies[name];
    if (!watched.feed) watched.feed = std::make_shared<StudyFeed>(std::move(study));
    auto& view = watched.views[key];
    if (!view) {
      view = std::make_shared<View>(viewer, [signal = impl_->signal] { signal->WantSnapshots(); });
      watched.dirty = true;
      watched.due = {};
      first = true;
    }
    view->empty_since = Clock::now();
    listener = view->channel->Listen(after, std::make_shared<const Pass>(std::move(pass)));
    impl_->watching = true;
  }
  impl_->signal->changed.notify_one();
  if (first && impl_->options.quality) impl_->options.quality->Changed(name);
  return listener;
}

void Hub::Changed(std::string_view study) {
  if (!impl_->watching) return;
  const std::lock_guard lock(impl_->signal->mutex);
  const auto found = impl_->studies.find(study);
  if (found == impl_->studies.end() || std::exchange(found->second.dirty, true)) return;
  impl_->signal->changed.notify_one();
}

void Hub::Checked(const std::string& name) {
  Watched watched;
  {
    const std::lock_guard lock(impl_->signal->mutex);
    const auto found = impl_->studies.find(name);
    if (found == impl_->studies.end()) return;
    watched = found->second;
  }
  bool any = false;
  for (const auto& view : watched.Views()) any = NoteFindings(*impl_->options.quality, *watched.feed->Study(), *view) || any;
  if (!any) return;
  const std::lock_guard lock(impl_->signal->mutex);
  const auto found = impl_->studies.find(name);
  if (found != impl_->studies.end()) found->second.alerts = true;
  impl_->signal->changed.notify_one();
}

void Hub::End(std::string_view study) {
  std::vector<std::shared_ptr<View>> views;
  {
    const std::lock_guard lock(impl_->signal->mutex);
    const auto found = impl_->studies.find(study);
    if (found == impl_->studies.end()) return;
    views = found->second.Views();
    impl_->studies.erase(found);
  }
  for (const auto& view : views) view->channel->EndWhere(Everybody, Farewell("deleted"));
}

void Hub::Stop() {
  std::vector<std::shared_ptr<View>> views;
  {
    const std::lock_guard lock(impl_->signal->mutex);
    impl_->stopping = true;
    for (const auto& [name, study] : impl_->studies) {
      for (const auto& view : study.Views()) views.push_back(view);
    }
  }
  impl_->signal->changed.notify_all();
  if (impl_->thread.joinable()) impl_->thread.join();
  for (const auto& view : views) view->channel->EndWhere(Everybody, Farewell("stopping"));
  const std::lock_guard lock(impl_->signal->mutex);
  impl_->studies.clear();
}

}  // namespace sheaf::live
