#include "privacy/coded_people.h"

#include <array>
#include <atomic>
#include <mutex>
#include <unordered_set>
#include <utility>

namespace sheaf::privacy {
namespace {

constexpr std::size_t kCodeBytes = 18;
constexpr std::size_t kPerChunk = 4096;

//! Codes by number. A slot is written once, under the lock, and read without it.
class CodeTable {
 public:
  explicit CodeTable(std::int32_t limit) : chunks_(limit <= 0 ? 0 : (static_cast<std::size_t>(limit) + kPerChunk - 1) / kPerChunk) {}

  template <class Make>
  std::string_view Of(std::int32_t number, const Make& make) {
    if (number < 0) return {};
    const auto place = static_cast<std::size_t>(number);
    if (place / kPerChunk >= chunks_.size()) return Late(number, make);
    const Chunk* chunk = chunks_[place / kPerChunk].load(std::memory_order_acquire);
    if (chunk != nullptr && chunk->known[place % kPerChunk].load(std::memory_order_acquire)) return chunk->View(place % kPerChunk);
    const std::lock_guard lock(mutex_);
    if (chunk == nullptr) chunk = Grow(place / kPerChunk);
    return Fill(*const_cast<Chunk*>(chunk), place % kPerChunk, make(number));
  }

 private:
  struct Chunk {
    std::array<std::atomic<bool>, kPerChunk> known{};
    std::array<std::array<char, kCodeBytes>, kPerChunk> codes{};
    std::string_view View(std::size_t slot) const {
      const auto& code = codes[slot];
      return code[0] == '\0' ? std::string_view() : std::string_view(code.data(), code.size());
    }
  };

  const Chunk* Grow(std::size_t place) {
    if (const Chunk* made = chunks_[place].load(std::memory_order_acquire)) return made;
    owned_.push_back(std::make_unique<Chunk>());
    chunks_[place].store(owned_.back().get(), std::memory_order_release);
    return owned_.back().get();
  }

  static std::string_view Fill(Chunk& chunk, std::size_t slot, const std::string& code) {
    if (!chunk.known[slot].load(std::memory_order_relaxed)) {
      if (code.size() == kCodeBytes) code.copy(chunk.codes[slot].data(), kCodeBytes);
      chunk.known[slot].store(true, std::memory_order_release);
    }
    return chunk.View(slot);
  }

  //! Numbers given after the view was made.
  template <class Make>
  std::string_view Late(std::int32_t number, const Make& make) {
    const std::lock_guard lock(mutex_);
    auto& code = late_[number];
    if (code.empty()) code = make(number);
    return code;
  }

  std::vector<std::atomic<Chunk*>> chunks_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Chunk>> owned_;
  std::unordered_map<std::int32_t, std::string> late_;
};

class CodedView final : public vault::PeopleView {
 public:
  CodedView(std::shared_ptr<const vault::PeopleView> people, const CodeKey& key, std::string own)
      : people_(std::move(people)),
        key_(key),
        own_(std::move(own)),
        participants_(people_->ParticipantLimit()),
        sessions_(own_.empty() ? people_->SessionLimit() : 0) {}

  std::string_view ParticipantId(std::int32_t number) const override {
    if (!own_.empty() && people_->ParticipantId(number) == own_) return own_;
    return participants_.Of(number, [this](std::int32_t of) { return CodeOf(CodeKind::kParticipant, people_->ParticipantId(of)); });
  }
  std::string_view SessionId(std::int32_t number) const override {
    if (!own_.empty()) return people_->SessionId(number);
    return sessions_.Of(number, [this](std::int32_t of) { return CodeOf(CodeKind::kSession, people_->SessionId(of)); });
  }
  std::int32_t ParticipantLimit() const override { return people_->ParticipantLimit(); }
  std::int32_t SessionLimit() const override { return people_->SessionLimit(); }

 private:
  std::string CodeOf(CodeKind kind, std::string_view id) const { return id.empty() ? std::string() : Code(key_, kind, id); }

  const std::shared_ptr<const vault::PeopleView> people_;
  const CodeKey key_;
  const std::string own_;
  mutable CodeTable participants_, sessions_;
};

}  // namespace

std::shared_ptr<const vault::PeopleView> CodedPeople(std::shared_ptr<const vault::PeopleView> people, const CodeKey& key, std::string own) {
  return std::make_shared<CodedView>(std::move(people), key, std::move(own));
}

std::unordered_map<std::string, std::string> IdsOfCodes(const vault::PeopleView& people, const CodeKey& key, CodeKind kind,
                                                        const std::vector<std::string>& codes) {
  std::unordered_map<std::string, std::string> ids;
  const std::unordered_set<std::string> wanted(codes.begin(), codes.end());
  const bool participants = kind == CodeKind::kParticipant;
  const std::int32_t limit = participants ? people.ParticipantLimit() : people.SessionLimit();
  for (std::int32_t number = 0; number < limit && ids.size() < wanted.size(); ++number) {
    const std::string_view id = participants ? people.ParticipantId(number) : people.SessionId(number);
    if (id.empty()) continue;
    std::string code = Code(key, kind, id);
    if (wanted.contains(code)) ids.emplace(std::move(code), std::string(id));
  }
  return ids;
}

}  // namespace sheaf::privacy
