#include "vault/duckdb/people.h"

#include <algorithm>

namespace sheaf::vault {

IdList::~IdList() {
  for (auto& chunk : chunks_) delete chunk.load(std::memory_order_relaxed);
}
std::string_view IdList::At(std::int32_t number) const {
  if (number < 0 || number >= Limit()) return {};
  return (*chunks_[static_cast<std::size_t>(number / kChunk)].load(std::memory_order_acquire))[static_cast<std::size_t>(number % kChunk)];
}
void IdList::Set(std::int32_t number, std::string_view id) {
  if (number < 0 || number >= kChunk * kChunks) return;
  const auto last = static_cast<std::size_t>(number / kChunk);
  for (std::size_t place = static_cast<std::size_t>(Limit() / kChunk); place <= last; ++place) {
    if (chunks_[place].load(std::memory_order_relaxed) == nullptr) chunks_[place].store(new Chunk, std::memory_order_release);
  }
  (*chunks_[last].load(std::memory_order_relaxed))[static_cast<std::size_t>(number % kChunk)] = id;
  if (number >= Limit()) limit_.store(number + 1, std::memory_order_release);
}

std::optional<std::int32_t> People::Find(const Registry& registry, std::string_view id) {
  const std::shared_lock lock(registry.mutex);
  const auto found = registry.numbers.find(id);
  if (found == registry.numbers.end()) return std::nullopt;
  return found->second;
}
void People::Add(Registry& registry, std::int32_t number, std::string_view id) {
  registry.ids.Set(number, id);
  const std::unique_lock lock(registry.mutex);
  registry.numbers.emplace(registry.ids.At(number), number);
}
std::optional<Micros> People::SessionStart(std::int32_t number) const {
  const std::shared_lock lock(starts_mutex_);
  const auto found = starts_.find(number);
  if (found == starts_.end()) return std::nullopt;
  return found->second;
}
void People::SetSessionStart(std::int32_t number, std::optional<Micros> start) {
  const std::unique_lock lock(starts_mutex_);
  if (start) starts_[number] = *start;
  else starts_.erase(number);
}

std::shared_ptr<const People::Numbers> People::Hidden() const {
  const std::shared_lock lock(hidden_mutex_);
  return hidden_;
}
bool People::IsHidden(std::int32_t participant) const {
  const auto hidden = Hidden();
  return std::binary_search(hidden->begin(), hidden->end(), participant);
}
void People::SetHidden(Numbers numbers) {
  std::sort(numbers.begin(), numbers.end());
  auto hidden = std::make_shared<const Numbers>(std::move(numbers));
  const std::unique_lock lock(hidden_mutex_);
  hidden_ = std::move(hidden);
  generation_.fetch_add(1, std::memory_order_release);
}
void People::Forget(const Numbers& participants, const Numbers& sessions) {
  Forget(participants_, participants);
  Forget(sessions_, sessions);
  for (const auto session : sessions) SetSessionStart(session, std::nullopt);
  generation_.fetch_add(1, std::memory_order_release);
}
void People::Forget(Registry& registry, const Numbers& numbers) {
  if (numbers.empty()) return;
  const std::unique_lock lock(registry.mutex);
  auto gone = std::make_unique<Numbers>(numbers);
  if (const auto* before = registry.gone.load(std::memory_order_relaxed)) gone->insert(gone->end(), before->begin(), before->end());
  std::sort(gone->begin(), gone->end());
  for (const auto number : numbers) registry.numbers.erase(registry.IdOf(number));
  registry.gone.store(gone.get(), std::memory_order_release);
  registry.gone_lists.push_back(std::move(gone));
}

void People::RenameSessions(NewIds ids) {
  if (ids.empty()) return;
  {
    const std::unique_lock lock(sessions_.mutex);
    for (const auto& [number, id] : ids) sessions_.numbers.erase(sessions_.IdOf(number));
    auto all = std::make_unique<NewIds>(std::move(ids));
    if (const auto* before = sessions_.renamed.load(std::memory_order_relaxed)) {
      for (const auto& one : *before) {
        const bool again = std::any_of(all->begin(), all->end(), [&](const auto& other) { return other.first == one.first; });
        if (!again) all->push_back(one);
      }
    }
    std::sort(all->begin(), all->end());
    for (const auto& [number, id] : *all) {
      const Numbers* const gone = sessions_.gone.load(std::memory_order_relaxed);
      if (gone == nullptr || !std::binary_search(gone->begin(), gone->end(), number)) sessions_.numbers.insert_or_assign(id, number);
    }
    sessions_.renamed.store(all.get(), std::memory_order_release);
    sessions_.renamed_lists.push_back(std::move(all));
  }
  generation_.fetch_add(1, std::memory_order_release);
}

class PeopleSnapshot : public PeopleView {
 public:
  explicit PeopleSnapshot(std::shared_ptr<const People> people)
      : people_(std::move(people)), participants_(people_->participants_.ids.Limit()), sessions_(people_->sessions_.ids.Limit()) {}
  // A record committed after the view was taken may name a newer number; its id is there already.
  std::string_view ParticipantId(std::int32_t number) const override { return people_->participants_.IdOf(number); }
  std::string_view SessionId(std::int32_t number) const override { return people_->sessions_.IdOf(number); }
  std::int32_t ParticipantLimit() const override { return participants_; }
  std::int32_t SessionLimit() const override { return sessions_; }

 private:
  std::shared_ptr<const People> people_;
  std::int32_t participants_;
  std::int32_t sessions_;
};

std::shared_ptr<const PeopleView> People::View(std::shared_ptr<const People> people) {
  return std::make_shared<PeopleSnapshot>(std::move(people));
}

}  // namespace sheaf::vault
