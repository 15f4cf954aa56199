#pragma once
//! Participants and sessions of a study in memory: ids ↔ numbers. Readers take no lock.

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "vault/vault.h"

namespace sheaf::vault {

//! Strings by number, only ever added. Reading a number below Limit() is safe while another thread adds.
class IdList {
 public:
  IdList() = default;
  ~IdList();
  IdList(const IdList&) = delete;
  IdList& operator=(const IdList&) = delete;

  std::string_view At(std::int32_t number) const;
  std::int32_t Limit() const { return limit_.load(std::memory_order_acquire); }
  void Set(std::int32_t number, std::string_view id);  //!< one thread; number <= Limit()

 private:
  static constexpr std::int32_t kChunk = 4096;
  static constexpr std::int32_t kChunks = 16384;  // 67 million ids
  using Chunk = std::array<std::string, kChunk>;
  std::array<std::atomic<Chunk*>, kChunks> chunks_{};
  std::atomic<std::int32_t> limit_{0};
};

//! Numbers start at 1.
class People {
 public:
  std::optional<std::int32_t> ParticipantNumber(std::string_view id) const { return Find(participants_, id); }
  std::optional<std::int32_t> SessionNumber(std::string_view id) const { return Find(sessions_, id); }
  std::string_view SessionId(std::int32_t number) const { return sessions_.IdOf(number); }
  std::optional<Micros> SessionStart(std::int32_t number) const;

  // The writer alone calls these, after the commit that made them durable.
  void AddParticipant(std::int32_t number, std::string_view id) { Add(participants_, number, id); }
  void AddSession(std::int32_t number, std::string_view id) { Add(sessions_, number, id); }
  void SetSessionStart(std::int32_t number, std::optional<Micros> start);

  std::int32_t NextParticipant() const { return std::max(participants_.ids.Limit(), 1); }
  std::int32_t NextSession() const { return std::max(sessions_.ids.Limit(), 1); }

  static std::shared_ptr<const PeopleView> View(std::shared_ptr<const People> people);

  using Numbers = std::vector<std::int32_t>;
  //! Numbers of those who withdrew, ascending: no query may answer their rows. Never null.
  std::shared_ptr<const Numbers> Hidden() const;
  bool IsHidden(std::int32_t participant) const;
  //! Another one whenever Hidden() changes or somebody is erased. Above 0.
  std::uint64_t Generation() const { return generation_.load(std::memory_order_acquire); }

  // The writer alone, after the commit.
  void SetHidden(Numbers numbers);
  //! Their ids are unknown from now on.
  void Forget(const Numbers& participants, const Numbers& sessions);
  //! Sessions have other ids from now on; by number, ascending.
  using NewIds = std::vector<std::pair<std::int32_t, std::string>>;
  void RenameSessions(NewIds ids);

 private:
  struct Registry {
    std::string_view IdOf(std::int32_t number) const {
      const Numbers* const erased = gone.load(std::memory_order_acquire);
      if (erased != nullptr && std::binary_search(erased->begin(), erased->end(), number)) return {};
      if (const NewIds* const others = renamed.load(std::memory_order_acquire)) {
        const auto found =
            std::lower_bound(others->begin(), others->end(), number, [](const auto& one, std::int32_t n) { return one.first < n; });
        if (found != others->end() && found->first == number) return found->second;
      }
      return ids.At(number);
    }
    IdList ids;
    std::atomic<const Numbers*> gone{nullptr};
    std::vector<std::unique_ptr<const Numbers>> gone_lists;  // kept: a reader may hold an older one
    std::atomic<const NewIds*> renamed{nullptr};
    std::vector<std::unique_ptr<const NewIds>> renamed_lists;  // kept, too
    mutable std::shared_mutex mutex;
    std::unordered_map<std::string_view, std::int32_t> numbers;  // keys point into `ids`
  };
  static std::optional<std::int32_t> Find(const Registry& registry, std::string_view id);
  static void Add(Registry& registry, std::int32_t number, std::string_view id);
  static void Forget(Registry& registry, const Numbers& numbers);
  friend class PeopleSnapshot;

  Registry participants_;
  Registry sessions_;
  mutable std::shared_mutex starts_mutex_;
  std::unordered_map<std::int32_t, Micros> starts_;
  mutable std::shared_mutex hidden_mutex_;
  std::shared_ptr<const Numbers> hidden_ = std::make_shared<const Numbers>();
  std::atomic<std::uint64_t> generation_{1};
};

}  // namespace sheaf::vault
