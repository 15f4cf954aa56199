#include "ingest/ingest.h"

#include <sodium.h>

#include <future>
#include <optional>

#include "ingest/response.h"
#include "ingest/spool.h"
#include "vault/care.h"

namespace sheaf::ingest {
namespace {

// How often a request follows a definition that changes under it.
constexpr int kMaxAttempts = 5;

// What makes two requests of one idempotency key the same: the dataset, how the body is to be taken, and the body.
class Digest {
 public:
  explicit Digest(const IngestOptions& options) : wanted_(!options.idempotency_key.empty()) {
    if (!wanted_) return;
    crypto_generichash_init(&state_, nullptr, 0, crypto_generichash_BYTES);
    const char how[2] = {static_cast<char>(options.format), static_cast<char>(options.on_error)};
    Add({how, sizeof how});
    Add({options.dataset.c_str(), options.dataset.size() + 1});
  }
  void Add(std::span<const char> bytes) {
    if (wanted_) crypto_generichash_update(&state_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  }
  std::string Finish() {
    if (!wanted_) return {};
    std::string digest(crypto_generichash_BYTES, '\0');
    crypto_generichash_final(&state_, reinterpret_cast<unsigned char*>(digest.data()), digest.size());
    return digest;
  }

 private:
  bool wanted_;
  crypto_generichash_state state_;
};

}  // namespace

struct IngestRequest::State : std::enable_shared_from_this<IngestRequest::State> {
  State(std::shared_ptr<vault::StudyVault> into, IngestOptions how)
      : study(std::move(into)),
        options(std::move(how)),
        digest(options),
        spool(std::make_shared<Spool>(options.spool_directory, kSpoolBytes)) {}

  // The first fault of the body as a whole stays: whatever comes after it means nothing.
  Status Keep(Status status) {
    if (!status) {
      failure = status.error();
      spool->Clear();
    }
    return status;
  }

  Status TakeBatch(model::RecordBatch&& batch) { return refused() ? Status() : spool->Add(std::move(batch)); }

  Status TakeRejection(Rejection&& rejection) {
    ++reasons[rejection.code];
    if (result.rejected.size() < kMaxListedRejections) result.rejected.push_back(std::move(rejection));
    if (++result.rejected_total == 1 && refused()) spool->Clear();
    return {};
  }

  // Nothing of the request will be kept; it is read on to name the other bad records.
  bool refused() const { return options.on_error == OnError::kReject && result.rejected_total > 0; }

  Status Unpacked(std::span<const char> bytes) {
    digest.Add(bytes);
    return decoder->Feed(bytes);
  }

  Status FinishBody() {
    if (failure) return tl::unexpected<Error>(*failure);
    if (!decoder) return Fail(ErrorCode::kInternal, "The request was not begun.");
    SHEAF_TRY(inflater->Finish([this](std::span<const char> bytes) { return Unpacked(bytes); }));
    SHEAF_TRY(decoder->Finish());
    decoder.reset();
    inflater.reset();
    if (!refused()) return {};
    return Fail(ErrorCode::kRecordsRejected, std::to_string(result.rejected_total) + " of the records are not valid.");
  }

  void Answer(Status status) {
    if (options.refused && !reasons.empty() && !result.repeated) options.refused(study->StudyId(), options.dataset, reasons);
    const Done answer = std::move(done);
    answer(std::move(status), std::move(result));
  }

  void Append() {
    vault::AppendRequest request;
    request.dataset = options.dataset;
    request.definition_version = dataset->version;
    request.batches = Spool::Read(spool, dataset);
    request.idempotency_key = options.idempotency_key;
    request.request_digest = request_digest;
    request.people_generation = people_generation;
    if (!options.idempotency_key.empty()) {
      result.accepted = spool->Rows();
      request.response = ResponseText(result);
    }
    study->Append(std::move(request),
                  [self = shared_from_this()](Result<vault::AppendResult> appended) { self->Appended(std::move(appended)); });
  }

  void Appended(Result<vault::AppendResult> appended) {
    if (!appended && appended.error().code == ErrorCode::kDefinitionConflict && ++attempts < kMaxAttempts) {
      // Fields and options are only ever added, so what was decoded stays right; new fields are absent.
      auto newer = study->FindDataset(options.dataset);
      if (!newer) return Answer(tl::unexpected<Error>(newer.error()));
      dataset = std::move(*newer);
      return Append();
    }
    if (!appended) {
      result.accepted = 0;
      return Answer(tl::unexpected<Error>(appended.error()));
    }
    if (appended->repeated) {
      auto kept = ParseResponse(appended->response);
      if (kept) result = std::move(*kept);
    } else {
      result.accepted = appended->accepted;
    }
    result.repeated = appended->repeated;
    result.seq = appended->seq;
    Answer({});
  }

  std::shared_ptr<vault::StudyVault> study;
  IngestOptions options;
  Digest digest;
  std::shared_ptr<Spool> spool;
  std::shared_ptr<const model::Dataset> dataset;
  std::unique_ptr<Inflater> inflater;
  std::unique_ptr<Decoder> decoder;
  std::optional<Error> failure;
  IngestResult result;
  std::map<ErrorCode, std::uint64_t> reasons;
  std::string request_digest;
  Done done;
  int attempts = 0;
  std::uint64_t people_generation = 0;
};

IngestRequest::IngestRequest(std::shared_ptr<vault::StudyVault> study, IngestOptions options)
    : state_(std::make_shared<State>(std::move(study), std::move(options))) {}

IngestRequest::~IngestRequest() = default;

Status IngestRequest::Begin() {
  State& state = *state_;
  if (sodium_init() < 0) return state.Keep(Fail(ErrorCode::kInternal, "The system's random generator is not there."));
  auto dataset = state.study->FindDataset(state.options.dataset);
  if (!dataset) return state.Keep(tl::unexpected<Error>(dataset.error()));
  state.dataset = std::move(*dataset);
  auto inflater = MakeInflater(state.options.content_encoding);
  if (!inflater) return state.Keep(tl::unexpected<Error>(inflater.error()));
  state.inflater = std::move(*inflater);
  // The decoder belongs to the state, so the plain pointer outlives it.
  state.decoder = MakeDecoder(
      state.options.format, state.dataset, [&state](model::RecordBatch&& batch) { return state.TakeBatch(std::move(batch)); },
      [&state](Rejection&& rejection) { return state.TakeRejection(std::move(rejection)); });
  if (auto* care = state.study->Care()) {
    state.people_generation = state.study->PeopleGeneration();
    if (care->AnyWithdrawn()) state.decoder->Bar([care](std::string_view participant) { return care->IsWithdrawn(participant); });
  }
  return {};
}

Status IngestRequest::Feed(std::span<const char> bytes) {
  State& state = *state_;
  if (state.failure) return tl::unexpected<Error>(*state.failure);
  if (!state.inflater) return Fail(ErrorCode::kInternal, "The request was not begun.");
  return state.Keep(state.inflater->Feed(bytes, [&state](std::span<const char> unpacked) { return state.Unpacked(unpacked); }));
}

void IngestRequest::Commit(Done done) {
  State& state = *state_;
  state.done = std::move(done);
  if (auto status = state.Keep(state.FinishBody()); !status) return state.Answer(std::move(status));
  state.request_digest = state.digest.Finish();
  if (state.spool->Rows() == 0 && state.options.idempotency_key.empty()) {
    state.result.seq = state.study->LastSeq();
    return state.Answer({});
  }
  state.Append();
}

Result<IngestResult> IngestAll(std::shared_ptr<vault::StudyVault> study, const IngestOptions& options, std::string_view body) {
  IngestRequest request(std::move(study), options);
  SHEAF_TRY(request.Begin());
  SHEAF_TRY(request.Feed({body.data(), body.size()}));
  // Shared: the writer's thread may still be leaving set_value when this one has the answer.
  const auto promise = std::make_shared<std::promise<std::pair<Status, IngestResult>>>();
  auto future = promise->get_future();
  request.Commit([promise](Status status, IngestResult result) { promise->set_value({std::move(status), std::move(result)}); });
  auto [status, result] = future.get();
  if (!status) return tl::unexpected<Error>(std::move(status).error());
  return std::move(result);
}

}  // namespace sheaf::ingest
