#include "api/native/answer_cache.h"

#include <list>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace sheaf::api::native {
namespace {

constexpr std::size_t kMostBytes = 8u << 20;

//! The answers asked for last.
class Cache {
 public:
  std::optional<std::string> Find(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const auto found = places_.find(name);
    if (found == places_.end()) return std::nullopt;
    answers_.splice(answers_.begin(), answers_, found->second);
    return found->second->second;
  }
  void Put(const std::string& name, const std::string& answer) {
    const std::size_t size = name.size() * 2 + answer.size();
    if (size > kMostBytes / 8) return;
    const std::lock_guard lock(mutex_);
    if (places_.count(name) > 0) return;
    answers_.emplace_front(name, answer);
    places_[name] = answers_.begin();
    bytes_ += size;
    while (bytes_ > kMostBytes) {
      const auto& [last_name, last_answer] = answers_.back();
      bytes_ -= last_name.size() * 2 + last_answer.size();
      places_.erase(last_name);
      answers_.pop_back();
    }
  }

 private:
  using Answers = std::list<std::pair<std::string, std::string>>;
  std::mutex mutex_;
  Answers answers_;
  std::unordered_map<std::string, Answers::iterator> places_;
  std::size_t bytes_ = 0;
};

Cache& Kept() {
  static Cache cache;
  return cache;
}

bool Decides(std::string_view parameter) {
  return parameter == "filter" || parameter == "participant" || parameter == "session" || parameter == "consented_only" ||
         parameter == "consent_purpose";
}

}  // namespace

Result<std::string> CachedAnswer(const Call& call, const access::StudyAccess& access, vault::StudyVault& study, std::string_view what,
                                 const std::function<Result<std::string>()>& make) {
  bool plain = access.rights == model::ViewRights{} && !access.study.settings.records_consent;
  std::string name = std::string(what) + "\n" + access.study.id + "\n" + std::to_string(access.study.created_at) + "\n" +
                     std::string(call.Part("dataset")) + "\n" + model::StudySettingsJson(access.study.settings) + "\n";
  for (const auto& [parameter, value] : call.request.query_parameters) {
    plain = plain && !Decides(parameter);
    name += std::to_string(parameter.size()) + ":" + parameter + std::to_string(value.size()) + ":" + value;
  }
  if (!plain) return make();
  SHEAF_ASSIGN(const auto dataset, call.Dataset(study));
  // What it is made of is looked at before it is made: what changes meanwhile makes the answer old at once.
  SHEAF_ASSIGN(const auto summary, study.Summarize(dataset->id));
  name += "\n" + std::to_string(summary.last_seq) + " " + std::to_string(summary.records) + " " + std::to_string(dataset->version) + " " +
          std::to_string(dataset->number) + " " + std::to_string(study.PeopleGeneration());
  if (auto known = Kept().Find(name)) return *std::move(known);
  SHEAF_ASSIGN(std::string answer, make());
  Kept().Put(name, answer);
  return answer;
}

}  // namespace sheaf::api::native
