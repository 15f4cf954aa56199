#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <optional>

#include "base/ids.h"
#include "base/log.h"
#include "blobs/blobs.h"
#include "blobs/file.h"
#include "blobs/name.h"
#include "blobs/reader.h"
#include "blobs/sealed_writer.h"

namespace sheaf::blobs {
namespace {

// Beside the blobs, so that a rename is all it takes; the dot keeps it out of the names callers can choose.
const std::string kWritingFolder = ".writing";
constexpr std::size_t kBufferSize = std::size_t{256} << 10;
// Bytes after which the system is asked to start writing back, so that the last sync has little left to wait for and
// does not hold up the syncs of others.
constexpr std::uint64_t kWriteBackStep = std::uint64_t{8} << 20;

struct Root {
  std::string path;
  Descriptor directory;
  Descriptor writing;
};

//! Where a name leads: the open folder and the last segment.
struct Target {
  Descriptor folder;
  std::string leaf;
};

tl::unexpected<Error> NoBlob() { return Fail(ErrorCode::kNotFound, "There is no such file."); }
tl::unexpected<Error> Taken() { return Fail(ErrorCode::kConflict, "A file of this name exists."); }

Result<Target> Resolve(const Root& root, std::string_view name, bool create) {
  const auto segments = SplitName(name);
  if (!segments) return Fail(ErrorCode::kBadId, "A file's name has segments of A-Z a-z 0-9 _ - joined by /.");
  Descriptor folder(::fcntl(root.directory.number(), F_DUPFD_CLOEXEC, 0));
  if (!folder.valid()) return Fail(FromErrno(errno, "A folder could not be opened."));
  for (std::size_t i = 0; i + 1 < segments->size(); ++i) { SHEAF_ASSIGN(folder, OpenDirectoryAt(folder.number(), (*segments)[i], create)); }
  return Target{std::move(folder), segments->back()};
}

bool Exists(const Target& target) {
  struct stat state {};
  return ::fstatat(target.folder.number(), target.leaf.c_str(), &state, AT_SYMLINK_NOFOLLOW) == 0;
}

// Moves a file into place without ever replacing another, and makes that durable.
Status MoveInto(int from_folder, const std::string& from, const Target& target) {
  const int to = target.folder.number();
  const char* leaf = target.leaf.c_str();
  int moved = ::renameat2(from_folder, from.c_str(), to, leaf, RENAME_NOREPLACE);
  if (moved != 0 && (errno == EINVAL || errno == ENOSYS)) {
    // File systems that cannot refuse to replace can link, which refuses too.
    moved = ::linkat(from_folder, from.c_str(), to, leaf, 0);
    if (moved == 0) ::unlinkat(from_folder, from.c_str(), 0);
  }
  if (moved != 0 && errno == EEXIST) return Taken();
  if (moved != 0) return Fail(FromErrno(errno, "A file could not be published."));
  return Sync(to);
}

struct Temporary {
  std::string name;
  Descriptor file;
};

// A file under a name of its own, locked: the lock tells a sweep, also one of another process, that its writer lives.
// A sweep that comes between the two takes the file away, and then another one is made.
Result<Temporary> MakeTemporary(const Root& root) {
  for (;;) {
    const std::string name = NewId("w_");
    Descriptor file(::openat(root.writing.number(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (!file.valid()) return Fail(FromErrno(errno, "A file could not be created."));
    while (::flock(file.number(), LOCK_EX) != 0) {
      if (errno != EINTR) return Fail(FromErrno(errno, "A file could not be locked."));
    }
    struct stat state {};
    if (::fstat(file.number(), &state) != 0) return Fail(FromErrno(errno, "A file could not be looked at."));
    if (state.st_nlink > 0) return Temporary{name, std::move(file)};
  }
}

class DirectoryWriter final : public BlobWriter {
 public:
  DirectoryWriter(std::shared_ptr<const Root> root, Target target, Temporary temporary)
      : root_(std::move(root)), target_(std::move(target)), temporary_(std::move(temporary.name)), file_(std::move(temporary.file)) {
    buffer_.reserve(kBufferSize);
  }

  //! Before the first Write.
  Status SealTo(const KeyBytes& public_key) {
    SHEAF_ASSIGN(sealer_, SealedWriter::Begin(public_key, [this](std::string_view bytes) { return Put(bytes); }));
    return {};
  }

  ~DirectoryWriter() override {
    if (!published_) ::unlinkat(root_->writing.number(), temporary_.c_str(), 0);
  }

  Status Write(std::string_view bytes) override {
    if (failed_) return Fail(*failed_);
    if (published_) return Fail(ErrorCode::kInternal, "The file is published already.");
    hash_.Update(bytes);
    size_ += bytes.size();
    return Remember(sealer_ ? sealer_->Write(bytes) : Put(bytes));
  }

  Result<Published> Publish() override {
    if (failed_) return Fail(*failed_);
    if (published_) return Fail(ErrorCode::kInternal, "The file is published already.");
    if (sealer_) SHEAF_TRY(Remember(sealer_->End()));
    SHEAF_TRY(Remember(Drain({})));
    SHEAF_TRY(Remember(Sync(file_.number())));
    SHEAF_TRY(Remember(MoveInto(root_->writing.number(), temporary_, target_)));
    published_ = true;
    file_.Close();
    return Published{size_, hash_.Finish()};
  }

 private:
  Status Put(std::string_view bytes) {
    if (buffer_.size() + bytes.size() >= kBufferSize) return Drain(bytes);
    buffer_.append(bytes);
    return {};
  }

  Status Drain(std::string_view more) {
    SHEAF_TRY(WriteAll(file_.number(), buffer_));
    written_ += buffer_.size();
    buffer_.clear();
    SHEAF_TRY(WriteAll(file_.number(), more));
    written_ += more.size();
    if (written_ - asked_ >= kWriteBackStep) {
      // Only a hint: what it cannot do, the sync at the end does.
      ::sync_file_range(file_.number(), static_cast<off64_t>(asked_), static_cast<off64_t>(written_ - asked_), SYNC_FILE_RANGE_WRITE);
      asked_ = written_;
    }
    return {};
  }

  // After a failed write or sync nobody knows what the disk holds: the writer never publishes.
  Status Remember(Status outcome) {
    if (!outcome) failed_ = outcome.error();
    return outcome;
  }

  const std::shared_ptr<const Root> root_;
  const Target target_;
  const std::string temporary_;
  Descriptor file_;
  Sha256 hash_;
  std::unique_ptr<SealedWriter> sealer_;
  std::string buffer_;
  std::uint64_t size_ = 0;
  std::uint64_t written_ = 0;
  std::uint64_t asked_ = 0;
  std::optional<Error> failed_;
  bool published_ = false;
};

//! Calls `visit` with each entry of a folder but `.` and `..`.
Status ForEachEntry(int folder, const std::function<Status(const std::string&)>& visit) {
  // A descriptor of its own: closedir() closes it, and the position is its own too.
  const int own = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (own < 0) return Fail(FromErrno(errno, "A folder could not be opened."));
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(own), ::closedir);
  if (!entries) {
    const int system_error = errno;
    ::close(own);
    return Fail(FromErrno(system_error, "A folder could not be opened."));
  }
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(entries.get());
    if (entry == nullptr) break;
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    SHEAF_TRY(visit(name));
  }
  if (errno != 0) return Fail(FromErrno(errno, "A folder could not be read."));
  return {};
}

Status Collect(int folder, const std::string& path, std::string_view prefix, std::vector<std::string>& names) {
  return ForEachEntry(folder, [&](const std::string& entry) -> Status {
    const std::string name = path + entry;
    // Neither below the prefix nor on the way to it.
    const std::size_t shared = std::min(name.size(), prefix.size());
    if (!IsSlug(entry) || name.compare(0, shared, prefix.substr(0, shared)) != 0) return {};
    struct stat state {};
    if (::fstatat(folder, entry.c_str(), &state, AT_SYMLINK_NOFOLLOW) != 0) {
      return errno == ENOENT ? Status{} : Status(Fail(FromErrno(errno, "A file could not be looked at.")));
    }
    if (S_ISREG(state.st_mode) && name.size() >= prefix.size()) names.push_back(name);
    if (!S_ISDIR(state.st_mode) || name.size() + 1 >= kMaxNameSize) return {};
    auto below = OpenDirectoryAt(folder, entry, false);
    if (!below) return below.error().code == ErrorCode::kNotFound ? Status{} : Status(Fail(below.error()));
    return Collect(below->number(), name + '/', prefix, names);
  });
}

//! Reads the file to its end.
Status ReadFile(int file, const std::function<Status(std::string_view)>& take) {
  std::string buffer(kBufferSize, '\0');
  for (;;) {
    const ssize_t got = ::read(file, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Fail(FromErrno(errno, "A file could not be read."));
    if (got == 0) return {};
    SHEAF_TRY(take(std::string_view(buffer.data(), static_cast<std::size_t>(got))));
  }
}

// The size is what was read, not what the system says.
Result<BlobWriter::Published> HashFile(int file) {
  Sha256 hash;
  BlobWriter::Published published;
  SHEAF_TRY(ReadFile(file, [&](std::string_view bytes) -> Status {
    hash.Update(bytes);
    published.size += bytes.size();
    return {};
  }));
  published.sha256 = hash.Finish();
  return published;
}

class DirectoryBlobs final : public Blobs {
 public:
  explicit DirectoryBlobs(std::shared_ptr<const Root> root) : root_(std::move(root)) {}

  Result<std::unique_ptr<BlobWriter>> Create(std::string_view name, const SealTo& seal) override {
    SHEAF_ASSIGN(Target target, Resolve(*root_, name, true));
    if (Exists(target)) return Taken();
    SHEAF_ASSIGN(Temporary temporary, MakeTemporary(*root_));
    auto writer = std::make_unique<DirectoryWriter>(root_, std::move(target), std::move(temporary));
    if (seal) SHEAF_TRY(writer->SealTo(*seal));
    return std::unique_ptr<BlobWriter>(std::move(writer));
  }

  Result<BlobWriter::Published> Adopt(std::string_view name, const std::string& path, const SealTo& seal) override {
    SHEAF_ASSIGN(const Target target, Resolve(*root_, name, true));
    if (Exists(target)) return Taken();
    // Without O_NONBLOCK a pipe would wait for its other end.
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!file.valid()) return Fail(FromErrno(errno, "The finished file could not be opened."));
    struct stat state {};
    if (::fstat(file.number(), &state) != 0 || !S_ISREG(state.st_mode)) {
      return Fail(ErrorCode::kIo, "The finished file is no plain file.");
    }
    if (seal) {
      if (::unlink(path.c_str()) != 0) return Fail(FromErrno(errno, "The finished file could not be taken over."));
      SHEAF_ASSIGN(const auto writer, Create(name, seal));
      SHEAF_TRY(ReadFile(file.number(), [&](std::string_view bytes) { return writer->Write(bytes); }));
      return writer->Publish();
    }
    SHEAF_ASSIGN(BlobWriter::Published published, HashFile(file.number()));
    if (::fchmod(file.number(), S_IRUSR | S_IWUSR) != 0) { return Fail(FromErrno(errno, "The finished file's mode could not be set.")); }
    SHEAF_TRY(Sync(file.number()));
    SHEAF_TRY(MoveInto(AT_FDCWD, path, target));
    return published;
  }

  Result<Located> Locate(std::string_view name) override {
    SHEAF_ASSIGN(const Found found, Find(name));
    Located located{fmt::format("{}/{}", root_->path, name), found.size, false};
    SHEAF_ASSIGN(const auto header, ReadHeader(found.file.number()));
    if (!header) return located;
    SHEAF_ASSIGN(const SealedLayout layout, LayoutOf(*header, found.size));
    located.size = layout.plain_size;
    located.sealed = true;
    return located;
  }

  Result<std::shared_ptr<BlobReader>> Open(std::string_view name, const OpenBox& open_box) override {
    SHEAF_ASSIGN(Found found, Find(name));
    return MakeReader(std::move(found.file), found.size, open_box);
  }

  Status Remove(std::string_view name) override {
    const auto target = Looked(Resolve(*root_, name, false));
    if (!target) return target.error().code == ErrorCode::kNotFound ? Status{} : Status(Fail(target.error()));
    if (::unlinkat(target->folder.number(), target->leaf.c_str(), 0) == 0) return Sync(target->folder.number());
    // A folder is no blob: there is none of this name.
    if (errno == ENOENT || errno == EISDIR || errno == EPERM) return {};
    return Fail(FromErrno(errno, "A file could not be removed."));
  }

  Result<std::vector<std::string>> List(std::string_view prefix) override {
    for (const char c : prefix) {
      if (c == '/' || IsSlug(std::string_view(&c, 1))) continue;
      return Fail(ErrorCode::kBadId, "No file's name begins like this.");
    }
    std::vector<std::string> names;
    SHEAF_TRY(Collect(root_->directory.number(), "", prefix, names));
    std::sort(names.begin(), names.end());
    return names;
  }

  Status Sweep() override {
    const int writing = root_->writing.number();
    std::uint64_t swept = 0;
    SHEAF_TRY(ForEachEntry(writing, [&](const std::string& entry) -> Status {
      const Descriptor file(::openat(writing, entry.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
      if (file.valid() && ::flock(file.number(), LOCK_EX | LOCK_NB) != 0) return {};
      if (::unlinkat(writing, entry.c_str(), 0) == 0) ++swept;
      return {};
    }));
    if (swept > 0) LogInfo("removed files that were never finished", {{"files", std::to_string(swept)}});
    return {};
  }

 private:
  struct Found {
    Descriptor file;
    std::uint64_t size = 0;
  };
  Result<Found> Find(std::string_view name) const {
    SHEAF_ASSIGN(const Target target, Looked(Resolve(*root_, name, false)));
    // Without O_NONBLOCK a pipe would wait for its other end.
    Descriptor file(::openat(target.folder.number(), target.leaf.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!file.valid() && (errno == ENOENT || errno == ELOOP || errno == ENXIO)) return NoBlob();
    if (!file.valid()) return Fail(FromErrno(errno, "A file could not be opened."));
    struct stat state {};
    if (::fstat(file.number(), &state) != 0) return Fail(FromErrno(errno, "A file could not be looked at."));
    if (!S_ISREG(state.st_mode)) return NoBlob();
    return Found{std::move(file), static_cast<std::uint64_t>(state.st_size)};
  }

  // For one who looks, a folder that is a file means that there is nothing below it.
  static Result<Target> Looked(Result<Target> target) {
    if (!target && target.error().code == ErrorCode::kConflict) return NoBlob();
    return target;
  }

  const std::shared_ptr<const Root> root_;
};

// From the top down, each missing folder with its narrow mode at once. Links are followed here: where the data
// directory lies is the administrator's choice.
Status MakeFolders(const std::filesystem::path& path) {
  std::filesystem::path made;
  for (const auto& part : path) {
    const std::filesystem::path parent = made;
    made /= part;
    if (part.empty() || ::mkdir(made.c_str(), S_IRWXU) != 0) continue;  // what is in the way shows when it is opened
    const Descriptor above(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!above.valid()) return Fail(FromErrno(errno, "The blobs' directory could not be created."));
    SHEAF_TRY(Sync(above.number()));
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Blobs>> OpenDirectoryBlobs(const std::string& directory) {
  if (directory.empty() || directory.find('\0') != std::string::npos) { return Fail(ErrorCode::kUsage, "This is no directory's path."); }
  std::error_code problem;
  const std::filesystem::path path = std::filesystem::absolute(directory, problem).lexically_normal();
  if (problem) return Fail(FromErrno(problem.value(), "The blobs' directory could not be found."));
  SHEAF_TRY(MakeFolders(path));
  Descriptor at(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!at.valid()) return Fail(FromErrno(errno, "The blobs' directory could not be opened."));
  auto root = std::make_shared<Root>();
  root->path = (path.has_filename() ? path : path.parent_path()).string();
  root->directory = std::move(at);
  SHEAF_ASSIGN(root->writing, OpenDirectoryAt(root->directory.number(), kWritingFolder, true));
  return std::unique_ptr<Blobs>(std::make_unique<DirectoryBlobs>(std::move(root)));
}

}  // namespace sheaf::blobs
