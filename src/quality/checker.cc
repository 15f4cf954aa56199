#include "quality/checker.h"

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

#include "base/log.h"
#include "quality/dataset_state.h"
#include "quality/summing.h"
#include "vault/changes.h"

namespace sheaf::quality {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// Studies whose state stays in memory; others are read again from their files.
constexpr std::size_t kKept = 32;
// After a check of what arrived the next waits this long, and three times as long as the check took.
constexpr auto kPause = std::chrono::milliseconds(250);
constexpr auto kTurn = std::chrono::seconds(2);

//! One study's states. `mutex` is held by who checks or adds up.
struct StudyStates {
  explicit StudyStates(std::string where) : directory(std::move(where)) {}
  const std::string directory;
  std::mutex mutex;
  std::atomic<bool> stop{false};  //!< whoever checks is to leave off
  bool gone = false;              //!< forgotten: what is made must not be written
  std::map<std::int32_t, DatasetState> datasets;
  std::uint64_t generation = 0;    //!< of the people, when `visible` was asked for
  vault::Seq seq = vault::kNoSeq;  //!< the same
  std::vector<std::int32_t> visible;
  Clock::time_point used{};
};

//! What stands for the participants has no records of its own.
Result<std::shared_ptr<const model::Dataset>> FindTable(vault::StudyVault& study, const std::string& id) {
  SHEAF_ASSIGN(auto dataset, study.FindDataset(id));
  if (dataset->number < 1) return Fail(ErrorCode::kNotFound, "there is no dataset with this id");
  return dataset;
}

Result<SessionWindows> WindowsOf(vault::StudyVault& study) {
  auto* const changes = study.Changes();
  if (changes == nullptr) return Fail(ErrorCode::kInternal, "this vault does not tell sessions' times");
  SHEAF_ASSIGN(const auto times, changes->TimesOfSessions());
  SessionWindows windows;
  for (const auto& session : times) {
    if (!session.start && !session.end) continue;
    windows[session.number] = {session.start.value_or(model::kNoTime), session.end.value_or(model::kNoTime)};
  }
  return windows;
}

}  // namespace

struct Checker::Impl {
  explicit Impl(Options with) : options(std::move(with)) {
    if (options.background) thread = std::thread([this] { Run(); });
  }

  std::shared_ptr<StudyStates> StatesOf(const std::string& study) {
    const std::lock_guard lock(mutex);
    auto& states = studies[study];
    if (!states) states = std::make_shared<StudyStates>(options.directory + "/" + study + "/quality");
    states->used = Clock::now();
    auto found = states;
    while (studies.size() > kKept) {
      const auto oldest =
          std::min_element(studies.begin(), studies.end(), [](const auto& a, const auto& b) { return a.second->used < b.second->used; });
      if (oldest->second == found || oldest->second.use_count() > 1) break;
      SaveAll(*oldest->second, DatasetState::When::kAlways);
      studies.erase(oldest);
    }
    return found;
  }

  //! The states, locked. A study that is forgotten meanwhile begins anew.
  std::pair<std::shared_ptr<StudyStates>, std::unique_lock<std::mutex>> Lock(const std::string& study) {
    while (true) {
      auto states = StatesOf(study);
      std::unique_lock held(states->mutex);
      if (!states->gone) return {std::move(states), std::move(held)};
    }
  }

  static void SaveAll(StudyStates& states, DatasetState::When when) {
    if (states.gone) return;
    for (auto& [number, state] : states.datasets) {
      if (auto saved = state.Save(when); !saved)
        LogWarning("the state of a dataset's quality was not saved", {{"reason", saved.error().detail}});
    }
  }

  //! Who is there now. Under the study's lock.
  static Status Look(vault::StudyVault& study, StudyStates& states) {
    const vault::Seq seq = study.LastSeq();
    const std::uint64_t generation = study.PeopleGeneration();
    if (states.generation == generation && states.seq == seq) return {};
    SHEAF_ASSIGN(states.visible, study.ParticipantNumbers(model::Predicate{}));
    states.generation = generation;
    states.seq = seq;
    return {};
  }

  //! Under the study's lock.
  Status Refresh(vault::StudyVault& study, StudyStates& states, const std::shared_ptr<const model::Dataset>& dataset,
                 const SessionWindows& sessions, const Budget& budget) {
    if (states.generation != study.PeopleGeneration() || states.datasets.count(dataset->number) == 0) SHEAF_TRY(Look(study, states));
    std::error_code error;
    fs::create_directories(states.directory, error);
    fs::permissions(states.directory, fs::perms::owner_all, error);
    auto& state = states.datasets.try_emplace(dataset->number, states.directory, dataset->number).first->second;
    SHEAF_TRY(state.Refresh(study, dataset, sessions, states.visible, states.generation, budget));
    if (auto saved = state.Save(DatasetState::When::kWorthIt); !saved) {
      LogWarning("the state of a dataset's quality was not saved", {{"study", study.StudyId()}});
    }
    return {};
  }

  Surroundings Around(const StudyStates& states, const SessionWindows& sessions, const Whom& whom) const {
    Surroundings around{sessions, states.visible.size(), Now()};
    if (whom.seen) around.participants = whom.seen->size();
    if (whom.with_records) around.participants = 0;
    return around;
  }

  // ------------------------------------------------------------------------------------------ in the background

  void Run() {
    std::unique_lock lock(queue_mutex);
    while (true) {
      arrived.wait(lock, [this] { return stopping || !waiting.empty(); });
      if (stopping) return;
      const Clock::time_point now = Clock::now();
      auto next = waiting.begin();
      for (auto one = waiting.begin(); one != waiting.end(); ++one) {
        if (one->second < next->second) next = one;
      }
      if (next->second > now) {
        // Kept: the study may be forgotten while this waits, and the wait looks at the time again.
        const Clock::time_point due = next->second;
        arrived.wait_until(lock, due);
        continue;
      }
      const std::string study = next->first;
      waiting.erase(next);
      lock.unlock();
      const bool done = CheckArrived(study);
      const auto took = Clock::now() - now;
      lock.lock();
      not_before[study] = Clock::now() + std::max<Clock::duration>(kPause, 3 * took);
      if (!done && !stopping) waiting.try_emplace(study, not_before[study]);
      if (not_before.size() > 4 * kKept) not_before.clear();
    }
  }

  //! False: something is left to check.
  bool CheckArrived(const std::string& name) {
    auto opened = options.vault->OpenStudy(name);
    if (!opened) return true;
    bool done = true;
    {
      const auto [states, held] = Lock(name);
      const Budget budget{Clock::now() + kTurn, &states->stop};
      const auto sessions = WindowsOf(**opened);
      if (!sessions) return true;
      for (const auto& dataset : (*opened)->Datasets()) {
        const Status checked = Refresh(**opened, *states, dataset, *sessions, budget);
        if (!checked && checked.error().code != ErrorCode::kAggregateTooLarge) {
          LogWarning("records that arrived were not checked",
                     {{"study", name}, {"dataset", dataset->id}, {"reason", checked.error().detail}});
        }
        const auto state = states->datasets.find(dataset->number);
        if (checked && state != states->datasets.end() && !state->second.UpToDate()) done = false;
        if (states->stop) break;
      }
    }
    opened->reset();
    std::function<void(const std::string&)> tell;
    {
      const std::lock_guard lock(queue_mutex);
      tell = checked_;
    }
    if (tell) tell(name);
    return done;
  }

  const Options options;
  std::mutex mutex;  // of `studies`; taken before a study's own
  std::map<std::string, std::shared_ptr<StudyStates>> studies;
  std::mutex queue_mutex;  // of what follows; never held for long
  std::condition_variable arrived;
  std::map<std::string, Clock::time_point> waiting;     // studies that changed, and when they are due
  std::map<std::string, Clock::time_point> not_before;  // when they may be checked again
  std::function<void(const std::string&)> checked_;
  bool stopping = false;
  std::thread thread;
};

Checker::Checker(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Checker::~Checker() { Stop(); }

Result<StudyReport> Checker::Report(vault::StudyVault& study, const Request& request) {
  const Clock::time_point until = Clock::now() + std::chrono::milliseconds(request.patience_ms);
  const auto [states, held] = impl_->Lock(study.StudyId());
  SHEAF_ASSIGN(const SessionWindows sessions, WindowsOf(study));
  SHEAF_TRY(Impl::Look(study, *states));
  StudyReport report;
  for (const auto& id : request.datasets) {
    SHEAF_ASSIGN(const auto dataset, FindTable(study, id));
    SHEAF_TRY(impl_->Refresh(study, *states, dataset, sessions, Budget{until, &states->stop}));
    report.datasets.push_back(
        Sum(states->datasets.at(dataset->number), dataset, request.whom, impl_->Around(*states, sessions, request.whom)));
    SHEAF_TRY(Explain(study, request.whom, impl_->options.refusals.get(), impl_->options.files,
                      states->datasets.at(dataset->number).Design(), report.datasets.back()));
  }
  for (const auto& [number, window] : sessions) {
    if (request.whom.session && number != *request.whom.session) continue;
    if (window.start != model::kNoTime && window.end != model::kNoTime && window.end < window.start) report.bad_sessions.push_back(number);
  }
  std::sort(report.bad_sessions.begin(), report.bad_sessions.end());
  return report;
}

Result<std::vector<GroupReport>> Checker::ReportEach(vault::StudyVault& study, const std::string& id, bool by_session, const Whom& whom) {
  const auto [states, held] = impl_->Lock(study.StudyId());
  SHEAF_ASSIGN(const SessionWindows sessions, WindowsOf(study));
  SHEAF_TRY(Impl::Look(study, *states));
  SHEAF_ASSIGN(const auto dataset, FindTable(study, id));
  SHEAF_TRY(impl_->Refresh(study, *states, dataset, sessions, Budget{Clock::now() + std::chrono::seconds(10), &states->stop}));
  return SumEach(states->datasets.at(dataset->number), by_session, whom, impl_->Around(*states, sessions, whom));
}

Result<std::vector<PairReport>> Checker::ReportPairs(vault::StudyVault& study, const std::string& id) {
  const auto [states, held] = impl_->Lock(study.StudyId());
  SHEAF_ASSIGN(const SessionWindows sessions, WindowsOf(study));
  SHEAF_TRY(Impl::Look(study, *states));
  SHEAF_ASSIGN(const auto dataset, FindTable(study, id));
  const auto state = states->datasets.find(dataset->number);
  if (state == states->datasets.end()) return Fail(ErrorCode::kNotFound, "the dataset was not checked");
  return SumPairs(state->second, impl_->Around(*states, sessions, Whom()));
}

void Checker::Changed(std::string_view study) {
  if (!impl_->options.background) return;
  const std::lock_guard lock(impl_->queue_mutex);
  if (impl_->stopping || impl_->waiting.count(std::string(study)) != 0) return;
  const auto paused = impl_->not_before.find(std::string(study));
  const Clock::time_point due = paused == impl_->not_before.end() ? Clock::now() : std::max(Clock::now(), paused->second);
  impl_->waiting.emplace(std::string(study), due);
  impl_->arrived.notify_one();
}

void Checker::OnChecked(std::function<void(const std::string& study)> checked) {
  const std::lock_guard lock(impl_->queue_mutex);
  impl_->checked_ = std::move(checked);
}

Status Checker::Forget(std::string_view study) {
  const std::string name(study);
  {
    const std::lock_guard lock(impl_->queue_mutex);
    impl_->waiting.erase(name);
  }
  std::shared_ptr<StudyStates> states = impl_->StatesOf(name);
  // Whoever comes meanwhile waits, and finds that these are gone.
  states->stop = true;
  {
    const std::lock_guard held(states->mutex);
    states->gone = true;
    states->datasets.clear();
    std::error_code error;
    fs::remove_all(states->directory, error);
    if (error) return Fail(ErrorCode::kIo, "the state of the data's quality cannot be removed: " + error.message());
  }
  const std::lock_guard lock(impl_->mutex);
  if (const auto found = impl_->studies.find(name); found != impl_->studies.end() && found->second == states) impl_->studies.erase(found);
  return {};
}

void Checker::Stop() {
  {
    const std::lock_guard lock(impl_->queue_mutex);
    impl_->stopping = true;
  }
  {
    const std::lock_guard lock(impl_->mutex);
    for (auto& [name, states] : impl_->studies) states->stop = true;
  }
  impl_->arrived.notify_all();
  if (impl_->thread.joinable()) impl_->thread.join();
  const std::lock_guard lock(impl_->mutex);
  for (auto& [name, states] : impl_->studies) {
    const std::lock_guard held(states->mutex);
    Impl::SaveAll(*states, DatasetState::When::kAlways);
  }
  impl_->studies.clear();
}

}  // namespace sheaf::quality
