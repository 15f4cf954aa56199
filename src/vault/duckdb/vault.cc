#include <fmt/format.h>

#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>

#include "base/ids.h"
#include "base/log.h"
#include "vault/duckdb/check.h"
#include "vault/duckdb/study.h"

namespace sheaf::vault {
namespace {

namespace fs = std::filesystem;

// Each open study holds a file, a thread and some memory; idle ones above this number are closed.
constexpr std::size_t kOpenStudies = 64;

class DuckVault : public Vault {
 public:
  DuckVault(VaultOptions options, std::shared_ptr<Engine> engine) : options_(std::move(options)), engine_(std::move(engine)) {}
  ~DuckVault() override { (void)Close(); }

  Status CreateStudy(std::string_view study) override {
    if (!IsSlug(study)) return Fail(ErrorCode::kBadId, "a study's id has 1 to 64 of A-Z a-z 0-9 _ -");
    std::unique_lock lock(mutex_);
    if (closed_) return Fail(ErrorCode::kUnavailable, "the server is stopping");
    std::error_code error;
    if (fs::exists(Directory(study))) return Fail(ErrorCode::kStudyExists, "there is a study with this id");
    // Each open study takes memory of the engine's budget, whether it was opened or made.
    CloseIdle();
    fs::create_directories(Directory(study), error);
    if (error) return Fail(ErrorCode::kIo, "the study's folder cannot be made: " + error.message());
    fs::permissions(Directory(study), fs::perms::owner_all, error);
    auto opened = DuckStudy::Open(engine_, OptionsOf(study), true);
    if (!opened) {
      fs::remove_all(Directory(study), error);
      return Fail(std::move(opened).error());
    }
    open_[std::string(study)] = std::move(*opened);
    return {};
  }

  Result<std::shared_ptr<StudyVault>> OpenStudy(std::string_view study) override {
    if (!IsSlug(study)) return Fail(ErrorCode::kNotFound, "there is no study with this id");
    const std::unique_lock lock(mutex_);
    if (closed_) return Fail(ErrorCode::kUnavailable, "the server is stopping");
    if (const auto found = open_.find(study); found != open_.end()) return std::shared_ptr<StudyVault>(found->second);
    CloseIdle();
    SHEAF_ASSIGN(auto opened, DuckStudy::Open(engine_, OptionsOf(study), false));
    open_[std::string(study)] = opened;
    return std::shared_ptr<StudyVault>(std::move(opened));
  }

  Status DropStudy(std::string_view study) override {
    if (!IsSlug(study)) return Fail(ErrorCode::kNotFound, "there is no study with this id");
    if (hooks_.dropping) hooks_.dropping(study);
    Status done = Drop(study);
    if (hooks_.dropped) hooks_.dropped(study);
    return done;
  }

  Status Drop(std::string_view study) {
    std::shared_ptr<DuckStudy> dropped;
    {
      const std::unique_lock lock(mutex_);
      if (!fs::exists(Directory(study))) return Fail(ErrorCode::kNotFound, "there is no study with this id");
      if (const auto found = open_.find(study); found != open_.end()) {
        if (found->second.use_count() > 1)
          return tl::unexpected<Error>(Error{ErrorCode::kUnavailable, "the study is in use; try again", {}, 1});
        dropped = std::move(found->second);
        open_.erase(found);
      }
      if (dropped) (void)dropped->Close();
      // Renamed first: a crash between leaves nothing that could be taken for a study.
      const std::string trash = Directory(study) + ".deleted";
      std::error_code error;
      fs::rename(Directory(study), trash, error);
      if (error) return Fail(ErrorCode::kIo, "the study's folder cannot be removed: " + error.message());
      fs::remove_all(trash, error);
      if (error) return Fail(ErrorCode::kIo, "the study's files cannot be removed: " + error.message());
    }
    return {};
  }

  Result<std::vector<std::string>> CheckStudy(std::string_view study) override {
    SHEAF_ASSIGN(auto opened, OpenStudy(study));
    return CheckRecords(static_cast<DuckStudy&>(*opened).State());
  }

  std::vector<std::string> Studies() override {
    std::vector<std::string> studies;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(options_.directory, error)) {
      const std::string name = entry.path().filename().string();
      if (entry.is_directory() && IsSlug(name)) studies.push_back(name);
    }
    std::sort(studies.begin(), studies.end());
    return studies;
  }

  void OnChange(const ChangeHooks& hooks) override {
    const std::unique_lock lock(mutex_);
    hooks_ = hooks;
  }

  Status Close() override {
    const std::unique_lock lock(mutex_);
    closed_ = true;
    Status outcome;
    for (auto& [name, study] : open_) {
      if (auto status = study->Close(); !status && outcome) outcome = status;
    }
    open_.clear();
    return outcome;
  }

 private:
  std::string Directory(std::string_view study) const { return options_.directory + "/" + std::string(study); }
  DuckStudy::Options OptionsOf(std::string_view study) {
    // The engine's names ignore case and study ids do not, so a file is attached under a number.
    return {std::string(study), fmt::format("study{}", ++attached_), Directory(study), options_.queue_bytes, hooks_};
  }
  void CloseIdle() {
    for (auto entry = open_.begin(); entry != open_.end() && open_.size() >= kOpenStudies;) {
      if (entry->second.use_count() > 1) {
        ++entry;
        continue;
      }
      if (auto status = entry->second->Close(); !status) LogError("a study was not closed cleanly", {{"study", entry->first}});
      entry = open_.erase(entry);
    }
  }

  const VaultOptions options_;
  std::shared_ptr<Engine> engine_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<DuckStudy>, std::less<>> open_;
  std::uint64_t attached_ = 0;
  ChangeHooks hooks_;
  bool closed_ = false;
};

}  // namespace

Result<std::unique_ptr<Vault>> OpenDuckDbVault(const VaultOptions& options) {
  std::error_code error;
  for (const auto& directory : {options.directory, options.temporary}) {
    fs::create_directories(directory, error);
    if (error) return Fail(ErrorCode::kIo, fmt::format("{} cannot be made: {}", directory, error.message()));
    fs::permissions(directory, fs::perms::owner_all, error);
  }
  // What a deletion that was cut off left behind.
  for (const auto& entry : fs::directory_iterator(options.directory, error)) {
    if (entry.path().extension() == ".deleted") fs::remove_all(entry.path(), error);
  }
  SHEAF_ASSIGN(auto engine, Engine::Open({options.temporary, options.memory_bytes, options.threads}));
  return std::make_unique<DuckVault>(options, std::move(engine));
}

}  // namespace sheaf::vault
