#include "ingest/spool.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "base/log.h"

namespace sheaf::ingest {
namespace {

tl::unexpected<Error> FileFault(int error) {
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) {
    return Fail(ErrorCode::kStorageFull, "There is no room on the disk to hold the request until it is complete.");
  }
  LogError("the spool file failed", {{"errno", std::to_string(error)}});
  return Fail(ErrorCode::kInternal, "The request could not be held on the disk.");
}

}  // namespace

// The batches in memory come first: they were decoded first.
class Spool::Source final : public vault::BatchSource {
 public:
  Source(std::shared_ptr<Spool> spool, std::shared_ptr<const model::Dataset> dataset)
      : spool_(std::move(spool)), dataset_(std::move(dataset)) {}

  Result<model::RecordBatch*> Next() override {
    if (next_ < spool_->batches_.size()) {
      model::RecordBatch& batch = spool_->batches_[next_++];
      AddNewFields(batch, *dataset_);
      return &batch;
    }
    const std::size_t in_file = next_ - spool_->batches_.size();
    if (in_file >= spool_->file_sizes_.size()) return nullptr;
    ++next_;
    SHEAF_TRY(Load(spool_->file_sizes_[in_file]));
    AddNewFields(loaded_, *dataset_);
    return &loaded_;
  }

  std::size_t Rows() const override { return spool_->rows_; }
  std::size_t Bytes() const override { return spool_->bytes_; }

 private:
  Status Load(std::size_t size) {
    bytes_.resize(size);
    std::size_t done = 0;
    while (done < size) {
      const ssize_t count = pread(spool_->file_, bytes_.data() + done, size - done, static_cast<off_t>(offset_ + done));
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return FileFault(count < 0 ? errno : EIO);
      done += static_cast<std::size_t>(count);
    }
    offset_ += size;
    auto batch = ReadBatch(bytes_);
    if (!batch) return FileFault(EIO);
    loaded_ = std::move(*batch);
    return {};
  }

  std::shared_ptr<Spool> spool_;
  std::shared_ptr<const model::Dataset> dataset_;
  std::size_t next_ = 0;
  std::size_t offset_ = 0;
  std::string bytes_;
  model::RecordBatch loaded_;
};

Spool::Spool(std::string directory, std::size_t memory_limit) : directory_(std::move(directory)), memory_limit_(memory_limit) {}

Spool::~Spool() { Clear(); }

Status Spool::Add(model::RecordBatch&& batch) {
  const std::size_t rows = batch.rows;
  const std::size_t bytes = batch.bytes;
  if (file_ < 0 && memory_bytes_ + bytes <= memory_limit_) {
    memory_bytes_ += bytes;
    batches_.push_back(std::move(batch));
  } else {
    if (file_ < 0) SHEAF_TRY(OpenFile());
    std::string text;
    WriteBatch(batch, text);
    SHEAF_TRY(Write(text));
    file_sizes_.push_back(text.size());
  }
  rows_ += rows;
  bytes_ += bytes;
  return {};
}

void Spool::Clear() {
  if (file_ >= 0) close(file_);
  file_ = -1;
  batches_ = {};
  file_sizes_ = {};
  memory_bytes_ = file_bytes_ = rows_ = bytes_ = 0;
}

Status Spool::OpenFile() {
  file_ = open(directory_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file_ >= 0) return {};
  // Not every file system has files without a name.
  std::string name = directory_ + "/spool-XXXXXX";
  file_ = mkostemp(name.data(), O_CLOEXEC);
  if (file_ < 0) return FileFault(errno);
  unlink(name.c_str());
  return {};
}

Status Spool::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(file_bytes_));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return FileFault(count < 0 ? errno : EIO);
    file_bytes_ += static_cast<std::size_t>(count);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

std::unique_ptr<vault::BatchSource> Spool::Read(std::shared_ptr<Spool> spool, std::shared_ptr<const model::Dataset> dataset) {
  return std::make_unique<Source>(std::move(spool), std::move(dataset));
}

}  // namespace sheaf::ingest
