#include "http/file_source.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <optional>
#include <utility>

namespace sheaf::http {
namespace {

constexpr std::size_t kPiece = 256u << 10;

// Shared with the reading task, which may outlive the source.
class FileReader : public std::enable_shared_from_this<FileReader> {
 public:
  FileReader(FileBody file, std::shared_ptr<WorkerPool> readers) : file_(std::move(file)), readers_(std::move(readers)) {}
  ~FileReader() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  FileReader(const FileReader&) = delete;
  FileReader& operator=(const FileReader&) = delete;

  void Read(BodySource::Ready ready) {
    std::optional<Result<std::string>> piece;
    bool fetch = false;
    {
      const std::lock_guard lock(mutex_);
      piece.swap(ahead_);
      if (!piece) waiting_ = std::move(ready);
      fetch = !std::exchange(fetching_, true);
    }
    if (fetch) StartFetch();
    if (piece) ready(*std::move(piece));
  }

  void Cancel() {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
  }

 private:
  void StartFetch() {
    if (!readers_->Submit([self = shared_from_this()] { self->Fetch(); })) {
      Deliver(Fail(ErrorCode::kUnavailable, "Too many files are being read."));
    }
  }

  void Fetch() {
    {
      const std::lock_guard lock(mutex_);
      if (cancelled_) failed_ = true;
    }
    auto piece = ReadPiece();
    if (!piece) failed_ = true;
    Deliver(std::move(piece));
  }

  // Only one fetch runs at a time, so that the file and the place in it need no lock.
  Result<std::string> ReadPiece() {
    if (failed_) return Fail(ErrorCode::kCancelled, "The file is not read on.");
    if (file_.length == 0) return std::string();
    if (file_.read) return AskForPiece();
    if (descriptor_ < 0) {
      descriptor_ = ::open(file_.path.c_str(), O_RDONLY | O_CLOEXEC);
      if (descriptor_ < 0) return Fail(ErrorCode::kIo, "The file cannot be opened.");
      ::posix_fadvise(descriptor_, static_cast<off_t>(file_.offset), static_cast<off_t>(file_.length), POSIX_FADV_SEQUENTIAL);
    }
    std::string piece(static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, file_.length)), '\0');
    std::size_t filled = 0;
    while (filled < piece.size()) {
      const ssize_t got = ::pread(descriptor_, piece.data() + filled, piece.size() - filled, static_cast<off_t>(file_.offset + filled));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return Fail(ErrorCode::kIo, "The file cannot be read.");
      if (got == 0) return Fail(ErrorCode::kIo, "The file is shorter than it was.");
      filled += static_cast<std::size_t>(got);
    }
    file_.offset += filled;
    file_.length -= filled;
    return piece;
  }

  Result<std::string> AskForPiece() {
    SHEAF_ASSIGN(std::string piece, file_.read(file_.offset, file_.length));
    if (piece.empty() || piece.size() > file_.length) return Fail(ErrorCode::kIo, "The file is shorter than it was.");
    file_.offset += piece.size();
    file_.length -= piece.size();
    return piece;
  }

  void Deliver(Result<std::string> piece) {
    BodySource::Ready ready;
    bool fetch = false;
    {
      const std::lock_guard lock(mutex_);
      fetching_ = false;
      ready.swap(waiting_);
      if (!ready) {
        ahead_ = std::move(piece);
      } else if (piece && !piece->empty()) {
        fetch = fetching_ = true;
      }
    }
    if (fetch) StartFetch();
    if (ready) ready(std::move(piece));
  }

  FileBody file_;
  const std::shared_ptr<WorkerPool> readers_;
  int descriptor_ = -1;
  bool failed_ = false;
  std::mutex mutex_;
  bool fetching_ = false;
  bool cancelled_ = false;
  BodySource::Ready waiting_;
  std::optional<Result<std::string>> ahead_;
};

class FileSource final : public BodySource {
 public:
  explicit FileSource(std::shared_ptr<FileReader> reader) : reader_(std::move(reader)) {}
  void Read(Ready ready) override { reader_->Read(std::move(ready)); }
  void Cancel() override { reader_->Cancel(); }

 private:
  std::shared_ptr<FileReader> reader_;
};

}  // namespace

std::unique_ptr<BodySource> OpenFileSource(FileBody file, std::shared_ptr<WorkerPool> readers) {
  return std::make_unique<FileSource>(std::make_shared<FileReader>(std::move(file), std::move(readers)));
}

}  // namespace sheaf::http
