#pragma once
//! plan → cursor → encode → sink, on all cores, in order, in bounded memory. A download and a background export are
//! the same pipeline with another sink.

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "base/error.h"
#include "export/encoder.h"
#include "vault/vault.h"

namespace sheaf::exporting {

//! Where bytes go. Write blocks until they are taken; an error ends the export with it. One thread at a time.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual Status Write(std::string_view bytes) = 0;
  //! A block of whole records, where `rows` is above 0; else what stands before, between or behind them.
  virtual Status WriteRows(std::string_view bytes, std::uint64_t rows) {
    (void)rows;
    return Write(bytes);
  }
};

//! Readable from any thread while the pipeline runs.
struct Progress {
  std::atomic<std::uint64_t> rows{0};
  std::atomic<std::uint64_t> bytes{0};
  std::atomic<bool> cancelled{false};  //!< set it to end the pipeline with kCancelled
};

//! Runs to the end with `lanes` encoding threads (0: all cores). Blocks.
Status RunPipeline(vault::Cursor& cursor, const Encoder& encoder, Sink& sink, Progress& progress, int lanes = 0);

//! Content encodings of a stream.
enum class Compression : std::uint8_t { kNone, kGzip, kZstd };

//! A pulled export for a client of unknown speed. It makes at most about 1 MB ahead; when the reader is slow it
//! suspends the cursor, so that it holds no transaction, no lock and no thread. What cannot be suspended (a sorted
//! export, Parquet) is run at full speed into an unlinked file of `spool_directory` and read from there.
//! The shape of http::BodySource: Read again only after `ready` of the one before.
class Stream {
 public:
  virtual ~Stream() = default;
  using Ready = std::function<void(Result<std::string>)>;  //!< a piece; empty: the proper end; or an error
  virtual void Read(Ready ready) = 0;
  virtual void Cancel() = 0;
  virtual const Progress& GetProgress() const = 0;
};

//! Threads that encode streams, shared by all of them; sorted and Parquet runs are limited to two at a time.
class StreamPool {
 public:
  struct Options {
    int threads = 0;              //!< 0: all cores
    std::string spool_directory;  //!< DIR/tmp
  };
  explicit StreamPool(Options options);
  ~StreamPool();
  //! For rows that another system's protocol writes its own way.
  using EncoderMaker = std::function<std::unique_ptr<Encoder>(const Plan&)>;
  //! `study` is held while the stream lives. csv, json, ndjson, parquet; with `make_encoder` whatever it writes.
  Result<std::unique_ptr<Stream>> Open(std::shared_ptr<vault::StudyVault> study, Plan plan, Compression compression,
                                       EncoderMaker make_encoder = nullptr);

  struct Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace sheaf::exporting
