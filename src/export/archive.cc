#include "export/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

#include <utility>

#include "export/digest.h"

namespace sheaf::exporting {
namespace {
constexpr int kBlockBytes = 256 << 10;

//! libarchive asks the thread's locale how names are written, and a server runs in "C".
class Utf8Names {
 public:
  Utf8Names() : locale_(newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (locale_ != nullptr) before_ = uselocale(locale_);
  }
  ~Utf8Names() {
    if (locale_ == nullptr) return;
    uselocale(before_);
    freelocale(locale_);
  }
  Utf8Names(const Utf8Names&) = delete;
  Utf8Names& operator=(const Utf8Names&) = delete;

 private:
  locale_t locale_;
  locale_t before_ = nullptr;
};
}  // namespace

struct ZipWriter::Impl {
  explicit Impl(Take given) : take(std::move(given)) {}
  ~Impl() {
    if (archive == nullptr) return;
    // Freeing closes, and closing writes: not into a sink that may be gone. An archive that is marked as failed would
    // be freed without its buffers.
    discards = true;
    archive_write_free(archive);
    archive_entry_free(entry);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  //! libarchive never hears of an error here: Check tells it, and what follows goes nowhere.
  static la_ssize_t TakeBytes(struct archive*, void* self, const void* bytes, std::size_t size) {
    auto& impl = *static_cast<Impl*>(self);
    if (impl.discards || impl.failure) return static_cast<la_ssize_t>(size);
    try {
      if (auto status = impl.take({static_cast<const char*>(bytes), size}); !status) impl.failure = std::move(status).error();
    } catch (const std::exception& exception) { impl.failure = Error{ErrorCode::kInternal, exception.what(), {}, 0}; }
    return static_cast<la_ssize_t>(size);
  }

  Status Check(int answer) {
    if (failure) return Fail(*failure);
    // ARCHIVE_WARN stands for an entry that is not quite as asked for: names must be right, so it is a failure.
    if (answer >= ARCHIVE_OK) return {};
    const char* reason = archive_error_string(archive);
    return Fail(ErrorCode::kInternal, std::string("The ZIP could not be written: ") + (reason != nullptr ? reason : "unknown reason"));
  }

  Take take;
  struct archive* archive = nullptr;
  struct archive_entry* entry = nullptr;
  std::optional<Error> failure;
  Sha256 hash;
  bool hashes = true;
  std::uint64_t bytes = 0;
  std::optional<std::uint64_t> expected;
  bool discards = false;
};

ZipWriter::ZipWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ZipWriter::~ZipWriter() = default;

Result<std::unique_ptr<ZipWriter>> ZipWriter::Open(Take take) {
  auto impl = std::make_unique<Impl>(std::move(take));
  impl->archive = archive_write_new();
  impl->entry = archive_entry_new();
  if (impl->archive == nullptr || impl->entry == nullptr) return Fail(ErrorCode::kInternal, "The ZIP could not be begun.");
  SHEAF_TRY(impl->Check(archive_write_set_format_zip(impl->archive)));
  SHEAF_TRY(impl->Check(archive_write_set_format_option(impl->archive, "zip", "compression-level", "1")));
  SHEAF_TRY(impl->Check(archive_write_set_bytes_per_block(impl->archive, kBlockBytes)));
  SHEAF_TRY(impl->Check(archive_write_set_bytes_in_last_block(impl->archive, 1)));
  SHEAF_TRY(impl->Check(archive_write_open2(impl->archive, impl.get(), nullptr, &Impl::TakeBytes, nullptr, nullptr)));
  return std::unique_ptr<ZipWriter>(new ZipWriter(std::move(impl)));
}

Status ZipWriter::Begin(const Entry& entry) {
  const Utf8Names names;
  Impl& impl = *impl_;
  archive_entry_clear(impl.entry);
  archive_entry_set_pathname(impl.entry, entry.path.c_str());
  archive_entry_set_filetype(impl.entry, AE_IFREG);
  archive_entry_set_perm(impl.entry, 0644);
  archive_entry_set_mtime(impl.entry, static_cast<time_t>(entry.modified / 1'000'000), 0);
  if (entry.size) archive_entry_set_size(impl.entry, static_cast<la_int64_t>(*entry.size));
  SHEAF_TRY(impl.Check(entry.deflate ? archive_write_zip_set_compression_deflate(impl.archive)
                                     : archive_write_zip_set_compression_store(impl.archive)));
  impl.hash = Sha256();
  impl.hashes = entry.hash;
  impl.bytes = 0;
  impl.expected = entry.size;
  return impl.Check(archive_write_header(impl.archive, impl.entry));
}

Status ZipWriter::Write(std::string_view bytes) {
  Impl& impl = *impl_;
  if (impl.hashes) impl.hash.Add(bytes);
  impl.bytes += bytes.size();
  while (!bytes.empty()) {
    const la_ssize_t taken = archive_write_data(impl.archive, bytes.data(), bytes.size());
    if (taken <= 0) return impl.Check(taken < 0 ? static_cast<int>(taken) : ARCHIVE_FATAL);
    if (impl.failure) return Fail(*impl.failure);
    bytes.remove_prefix(static_cast<std::size_t>(taken));
  }
  return {};
}

std::uint64_t ZipWriter::Offset() const { return static_cast<std::uint64_t>(archive_filter_bytes(impl_->archive, 0)); }

Result<ZipWriter::Written> ZipWriter::End() {
  Impl& impl = *impl_;
  if (impl.expected && *impl.expected != impl.bytes)
    return Fail(ErrorCode::kInternal, "An entry of the ZIP has another size than announced.");
  SHEAF_TRY(impl.Check(archive_write_finish_entry(impl.archive)));
  return Written{impl.bytes, impl.hashes ? impl.hash.Hex() : std::string()};
}

Status ZipWriter::Finish() { return impl_->Check(archive_write_close(impl_->archive)); }

}  // namespace sheaf::exporting
