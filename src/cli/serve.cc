#include <fmt/core.h>
#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <future>
#include <memory>
#include <mutex>
#include <regex>
#include <string>
#include <thread>

#include "access/access.h"
#include "access/audit_log.h"
#include "access/audit_words.h"
#include "access/door.h"
#include "access/limits.h"
#include "api/hyperstudy/bundle.h"
#include "api/native/api.h"
#include "api/native/monitoring.h"
#include "api/protocols.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/time.h"
#include "blobs/blobs.h"
#include "catalog/catalog.h"
#include "cli/commands.h"
#include "cli/data_directory.h"
#include "cli/report.h"
#include "cli/sensor_file.h"
#include "cli/serve_quality.h"
#include "cli/serve_schedules.h"
#include "cli/site_key_file.h"
#include "export/jobs.h"
#include "export/pipeline.h"
#include "export/time_zone.h"
#include "files/files.h"
#include "http/server.h"
#include "vault/changes.h"
#include "vault/vault.h"

namespace sheaf::cli {
namespace {

struct ServeOptions {
  std::string data;
  std::string listen = "127.0.0.1:8080";
  std::string public_url;
  std::string key_file;
  std::string log_level = "info";
  std::string today;
  int grace_s = 30;
  access::LimitOptions limits;
  api::ddm::Options ddm;
  std::uint64_t largest_file = std::uint64_t{16} << 30;
  bool trust_proxy = false;
  std::vector<std::string> alida, avicenna;  // NAME=VALUE
  ScheduleOptions schedules;
};

// Of the record engine. A batch of 4,000 columns alone takes 64 MB in each step of a query; all of the server stays below 1 GB.
constexpr std::uint64_t kEngineMemory = 512ull << 20;
// Each thread of a server with many threads would keep an arena of its own, and with it memory that nobody uses.
constexpr int kArenas = 4;
constexpr int kHousekeepingS = 5;
constexpr rlim_t kOpenFiles = 16384;
constexpr std::chrono::minutes kRetentionEvery{10};
// Uploads that got nothing for so long are given up.
constexpr Micros kStaleUpload = Micros{14} * 86400 * 1'000'000;

//! Sees to it that retention is done once a day.
class Daily {
 public:
  explicit Daily(std::shared_ptr<privacy::Retention> retention)
      : thread_([this, retention = std::move(retention)] {
          std::unique_lock lock(mutex_);
          do {
            lock.unlock();
            if (const Status done = retention->RunDaily(); !done) LogError("retention failed", {{"detail", done.error().detail}});
            lock.lock();
          } while (!ended_.wait_for(lock, kRetentionEvery, [this] { return stopping_; }));
        }) {}
  //! Waits for what runs.
  ~Daily() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    ended_.notify_all();
    thread_.join();
  }

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  bool stopping_ = false;
  std::thread thread_;
};

//! The rooms of a running server, in the order in which they are opened; taken apart the other way round.
struct Running {
  api::native::Rooms rooms;
  api::native::Monitoring monitoring;
  std::unique_ptr<http::Server> server;
  std::unique_ptr<Daily> daily;
};

//! SIGTERM and SIGINT wait in a queue from here on, for this thread and all it starts.
sigset_t HoldSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // A client that leaves is an error of one write, not the end of the server.
  signal(SIGPIPE, SIG_IGN);
  return signals;
}

//! A connection is a file, and there may be thousands.
void RaiseFileLimit() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = std::max(files.rlim_cur, std::min<rlim_t>(files.rlim_max, kOpenFiles));
  (void)setrlimit(RLIMIT_NOFILE, &files);
}

//! One line for each study that a crash left between the catalog and the vault: it needs somebody's decision.
Status NameHalfStudies(const api::native::Rooms& rooms) {
  const auto namespaces = rooms.vault->Studies();
  std::string after;
  while (true) {
    SHEAF_ASSIGN(const auto studies, rooms.catalog->Studies("", "", after, 500));
    if (studies.empty()) return {};
    for (const model::Study& study : studies) {
      const bool kept = std::find(namespaces.begin(), namespaces.end(), study.id) != namespaces.end();
      if (!kept) LogError("the records of a study are not there", {{"study", study.id}});
    }
    after = studies.back().id;
  }
}

//! The audit as erasure knows it.
class RedactedAudit final : public privacy::AuditRedaction {
 public:
  RedactedAudit(std::shared_ptr<catalog::Catalog> catalog, std::shared_ptr<access::AuditLog> audit)
      : catalog_(std::move(catalog)), audit_(std::move(audit)) {}
  Result<std::vector<std::string>> Words(std::string_view study) override { return access::WordsInAudit(catalog_->Audit(), study); }
  Result<std::uint64_t> Redact(std::string_view study, const std::vector<std::string>& words) override {
    return audit_->Redact(study, words);
  }

 private:
  const std::shared_ptr<catalog::Catalog> catalog_;
  const std::shared_ptr<access::AuditLog> audit_;
};

void AuditRetention(access::AuditLog& audit, const privacy::RetentionStep& step) {
  catalog::AuditEntry entry;
  entry.actor_kind = "server";
  entry.study = step.study;
  entry.dataset = step.dataset;
  entry.action = "retention." + step.action;
  entry.outcome = "ok";
  if (const Status recorded = audit.Record(entry); !recorded) audit.Note(std::move(entry));
}

//! The other rooms are there already.
Result<std::shared_ptr<privacy::Retention>> MakeRetention(const api::native::Rooms& rooms, const ServeOptions& options) {
  privacy::Retention::Options retention_options;
  retention_options.catalog = rooms.catalog;
  retention_options.vault = rooms.vault;
  retention_options.expire_files = [jobs = rooms.jobs](std::string_view study, std::string_view dataset, std::string_view reason) {
    return jobs->ExpireFiles(study, dataset, reason);
  };
  retention_options.files = rooms.files;
  retention_options.redact_audit = [audit = rooms.audit](const std::string& study, const std::string& dataset) -> Status {
    SHEAF_TRY(audit->RedactData(study, dataset));
    return {};
  };
  retention_options.delete_study = [rooms](const std::string& study) { return api::native::DeleteStudy(rooms, study); };
  retention_options.carried_out = [audit = rooms.audit](const privacy::RetentionStep& step) { AuditRetention(*audit, step); };
  retention_options.owner = NewId("srv_");
  if (!options.today.empty()) {
    const auto today = ParseIsoTime(options.today);
    if (!today) return Fail(ErrorCode::kUsage, "--today is a date such as 2030-01-31.");
    retention_options.now = [today] { return today->instant; };
  }
  auto retention = std::make_shared<privacy::Retention>(std::move(retention_options));
  SHEAF_TRY(retention->Load());
  return retention;
}

void AuditJob(access::AuditLog& audit, const catalog::ExportJob& job) {
  catalog::AuditEntry entry;
  entry.actor_kind = "account";
  entry.actor = job.account;
  entry.study = job.study;
  entry.target = job.id;
  const bool failed = job.state == catalog::ExportState::kFailed;
  entry.action = "export.finish";
  entry.outcome = failed ? "failed" : "ok";
  entry.rows = static_cast<std::int64_t>(job.rows_done);
  if (const Status recorded = audit.Record(entry); !recorded) audit.Note(std::move(entry));
}

Status OpenFiles(const DataDirectory& directory, const ServeOptions& options, api::native::Rooms& rooms) {
  files::FilesOptions file_options;
  file_options.catalog = rooms.catalog;
  file_options.blobs = rooms.blobs;
  file_options.keys = rooms.keys;
  file_options.temporary = directory.TemporaryPath();
  file_options.largest = options.largest_file;
  rooms.files = std::make_shared<files::Files>(std::move(file_options));
  return rooms.files->Sweep(Now() - kStaleUpload);
}

//! Checks what arrives, and tells it to who watches. The vault is closed before either goes.
void WatchChanges(vault::Vault& vault, const api::native::Monitoring& monitoring) {
  monitoring.quality->OnChecked([live = std::weak_ptr(monitoring.live)](const std::string& study) {
    if (const auto hub = live.lock()) hub->Checked(study);
  });
  auto* const quality = monitoring.quality.get();
  auto* const live = monitoring.live.get();
  const auto forget = [quality, refusals = monitoring.refusals](std::string_view study) {
    refusals->Forget(study);
    if (const Status forgotten = quality->Forget(study); !forgotten)
      LogWarning("a state of quality stays", {{"detail", forgotten.error().detail}});
  };
  vault::ChangeHooks hooks;
  hooks.changed = [quality, live](std::string_view study) {
    quality->Changed(study);
    live->Changed(study);
  };
  hooks.dropping = [forget, live](std::string_view study) {
    live->End(study);
    forget(study);
  };
  hooks.dropped = forget;
  hooks.rewritten = [quality](std::string_view study) { return quality->Forget(study); };
  vault.OnChange(hooks);
}

Result<api::native::Rooms> OpenRooms(const DataDirectory& directory, const ServeOptions& options, api::native::Monitoring& monitoring) {
  api::native::Rooms rooms;
  SHEAF_ASSIGN(rooms.catalog, catalog::OpenCatalog(directory.CatalogPath()));
  SHEAF_ASSIGN(rooms.site_key, LoadSiteKey(directory, options.key_file, *rooms.catalog, secrets::SiteKey::Missing::kCreate));
  SHEAF_ASSIGN(rooms.keys, secrets::KeyRing::Open(rooms.catalog, rooms.site_key));
  SHEAF_ASSIGN(rooms.blobs, blobs::OpenDirectoryBlobs(directory.BlobsPath()));
  SHEAF_TRY(rooms.blobs->Sweep());
  SHEAF_TRY(OpenFiles(directory, options, rooms));
  vault::VaultOptions vault_options;
  vault_options.directory = directory.StudiesPath();
  vault_options.temporary = directory.TemporaryPath();
  vault_options.memory_bytes = kEngineMemory;
  SHEAF_ASSIGN(rooms.vault, vault::OpenDuckDbVault(vault_options));
  SHEAF_ASSIGN(rooms.sensors, LoadSensorSources(directory.SensorsPath()));
  OpenQuality(directory.StudiesPath(), rooms, monitoring);
  monitoring.live = std::make_shared<live::Hub>(live::Hub::Options{monitoring.quality});
  WatchChanges(*rooms.vault, monitoring);
  rooms.gate = std::make_shared<access::Gate>(rooms.catalog);
  rooms.door = std::make_shared<access::Door>(rooms.catalog, rooms.site_key);
  rooms.tokens = std::make_shared<access::Tokens>(rooms.site_key);
  rooms.limits = std::make_shared<access::Limits>(options.limits);
  rooms.trust_proxy = options.trust_proxy;
  rooms.bound = std::make_shared<api::native::BoundAddress>();
  for (const std::string& assignment : options.alida) SHEAF_TRY(api::alida::SetOption(rooms.alida, assignment));
  for (const std::string& assignment : options.avicenna) SHEAF_TRY(api::avicenna::SetOption(rooms.avicenna, assignment));
  rooms.audit = std::make_shared<access::AuditLog>(access::AuditLog::Options{rooms.catalog, rooms.site_key, directory.AuditHeadPath()});
  SHEAF_TRY(rooms.audit->Start());
  exporting::JobRunner::Options job_options;
  job_options.catalog = rooms.catalog;
  job_options.vault = rooms.vault;
  job_options.blobs = rooms.blobs;
  job_options.keys = rooms.keys;
  job_options.files = rooms.files;
  job_options.temporary = directory.TemporaryPath();
  job_options.ended = [audit = rooms.audit](const catalog::ExportJob& job) { AuditJob(*audit, job); };
  job_options.foreign = api::hyperstudy::MakeBundleLayout(std::string(Version()));
  job_options.quality = monitoring.quality;
  rooms.jobs = std::make_shared<exporting::JobRunner>(std::move(job_options));
  privacy::Eraser::Options eraser_options;
  eraser_options.catalog = rooms.catalog;
  eraser_options.vault = rooms.vault;
  eraser_options.forget_exports = [jobs = rooms.jobs, catalog = rooms.catalog](std::string_view study,
                                                                               const std::vector<std::string>& participants, bool scrub,
                                                                               std::string_view reason) -> Result<std::uint64_t> {
    for (const std::string& participant : participants) {
      if (scrub) SHEAF_TRY(ForgetInSchedules(*catalog, study, participant, reason));
    }
    return jobs->Forget(study, participants, scrub, reason);
  };
  eraser_options.files = rooms.files;
  eraser_options.audit = std::make_shared<RedactedAudit>(rooms.catalog, rooms.audit);
  rooms.eraser = std::make_shared<privacy::Eraser>(std::move(eraser_options));
  SHEAF_ASSIGN(rooms.retention, MakeRetention(rooms, options));
  exporting::StreamPool::Options stream_options;
  stream_options.spool_directory = directory.TemporaryPath();
  rooms.streams = std::make_shared<exporting::StreamPool>(std::move(stream_options));
  rooms.ddm = options.ddm;
  while (!rooms.ddm.prefix.empty() && rooms.ddm.prefix.back() == '/') rooms.ddm.prefix.pop_back();
  rooms.temporary = directory.TemporaryPath();
  rooms.public_url = options.public_url;
  while (!rooms.public_url.empty() && rooms.public_url.back() == '/') rooms.public_url.pop_back();
  rooms.version = Version();
  SHEAF_TRY(OpenSchedules(rooms, options.schedules));
  SHEAF_TRY(NameHalfStudies(rooms));
  return rooms;
}

Result<Running> StartServer(const DataDirectory& directory, const ServeOptions& options) {
  Running running;
  SHEAF_ASSIGN(running.rooms, OpenRooms(directory, options, running.monitoring));
  if (const Status resumed = running.rooms.eraser->Resume(); !resumed) {
    // Nobody sees who is to go; what is left of them waits for the next start.
    LogError("an erasure could not be finished", {{"detail", resumed.error().detail}});
  }
  SHEAF_TRY(running.rooms.jobs->Start());
  http::Router router;
  const auto rooms = std::make_shared<const api::native::Rooms>(running.rooms);
  api::AddAllRoutes(router, rooms);
  api::native::AddQualityRoutes(router, rooms, running.monitoring);
  api::native::AddLiveRoutes(router, rooms, running.monitoring);
  http::Server::Options server_options;
  server_options.listen = options.listen;
  server_options.render_error = api::RenderError;
  auto server = http::Server::Start(std::move(server_options), std::move(router));
  if (!server) {
    running.rooms.jobs->Stop(0);
    return Fail(server.error());
  }
  running.server = std::move(*server);
  running.rooms.bound->Set("http://" + running.server->Address());
  running.daily = std::make_unique<Daily>(running.rooms.retention);
  StartSchedules(running.rooms);
  return running;
}

//! Until a signal comes; counts key uses on the way.
int AwaitSignal(const sigset_t& signals, access::Gate& gate) {
  while (true) {
    const timespec pause{kHousekeepingS, 0};
    const int received = sigtimedwait(&signals, nullptr, &pause);
    if (received > 0) return received;
    if (errno != EAGAIN) continue;
    if (const Status flushed = gate.FlushUses(); !flushed) LogWarning("key uses were not counted", {{"detail", flushed.error().detail}});
  }
}

//! Requests and jobs get the same `grace_s`, at the same time. A second signal ends the process where it stands: what
//! was acknowledged is durable, and jobs run again at the next start.
Status StopServer(Running running, const sigset_t& signals, int grace_s) {
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  StopSchedules(running.rooms);
  auto jobs_stopped = std::async(std::launch::async, [&] { running.rooms.jobs->Stop(grace_s); });
  // Streams without an end end now.
  running.monitoring.live->Stop();
  running.server->Stop(grace_s);
  jobs_stopped.get();
  const Status flushed = running.rooms.gate->FlushUses();
  running.server.reset();
  running.rooms.streams.reset();
  running.rooms.eraser.reset();
  running.daily.reset();
  running.rooms.scheduler.reset();
  running.rooms.courier.reset();
  running.rooms.schedules.reset();
  running.rooms.retention.reset();
  running.rooms.jobs.reset();
  running.rooms.audit->Stop();
  running.monitoring.quality->Stop();
  SHEAF_TRY(running.rooms.vault->Close());
  return flushed;
}

bool IsPattern(const std::string& text) {
  try {
    const std::regex pattern(text);
    return true;
  } catch (const std::regex_error&) { return false; }
}

int RunServe(const ServeOptions& options) {
  if (!SetLogLevel(options.log_level)) return ReportUsage("--log-level is debug, info, warning, error or off.");
  const bool has_scheme = options.public_url.rfind("http://", 0) == 0 || options.public_url.rfind("https://", 0) == 0;
  if (!options.public_url.empty() && !has_scheme) return ReportUsage("--public-url begins with http:// or https://.");
  if (!options.ddm.prefix.empty() && options.ddm.prefix.front() != '/') return ReportUsage("--ddm-prefix begins with /.");
  if (!exporting::FindTimeZone(options.ddm.timezone)) return ReportUsage("--ddm-timezone is a name such as Europe/Zurich.");
  if (!IsPattern(options.ddm.email_pattern)) return ReportUsage("--ddm-email-pattern is a regular expression.");
  const sigset_t signals = HoldSignals();
  mallopt(M_ARENA_MAX, kArenas);
  RaiseFileLimit();
  auto directory = DataDirectory::Open(options.data, DataDirectory::Missing::kCreate);
  if (!directory) return ReportFailure(directory.error());
  if (const Status locked = directory->Lock(); !locked) return ReportFailure(locked.error());
  if (const Status emptied = directory->EmptyTemporary(); !emptied) return ReportFailure(emptied.error());
  auto running = StartServer(*directory, options);
  if (!running) return ReportFailure(running.error());
  const std::string address = running->server->Address();
  LogInfo("started", {{"version", Version()},
                      {"address", address},
                      {"data", directory->Path()},
                      {"studies", std::to_string(running->rooms.vault->Studies().size())}});
  fmt::print("sheaf {} listening on http://{}\n", Version(), address);
  std::fflush(stdout);

  const int received = AwaitSignal(signals, *running->rooms.gate);
  LogInfo("stopping", {{"signal", received == SIGINT ? "SIGINT" : "SIGTERM"}, {"grace_s", std::to_string(options.grace_s)}});
  const Status stopped = StopServer(std::move(*running), signals, options.grace_s);
  if (!stopped) return ReportFailure(stopped.error());
  LogInfo("stopped");
  return kExitOk;
}

void AddLimitOptions(CLI::App& serve, ServeOptions& options) {
  const CLI::Range rates(0, 1'000'000);
  serve.add_option("--key-rate", options.limits.per_key, "Requests a second that a key may make; 0: as many as come")
      ->type_name("N")
      ->check(rates)
      ->capture_default_str();
  serve.add_option("--address-rate", options.limits.per_address, "Requests a second from one address; 0: as many as come")
      ->type_name("N")
      ->check(rates)
      ->capture_default_str();
  serve.add_option("--failure-rate", options.limits.failures_per_minute, "Wrong keys a minute from one address; 0: as many as come")
      ->type_name("N")
      ->check(rates)
      ->capture_default_str();
  serve.add_option("--alida", options.alida, "Sets one thing of the Alida protocol (docs/alida.md); may be repeated")
      ->type_name("NAME=VALUE");
  serve.add_option("--avicenna", options.avicenna, "Sets one thing of the Avicenna protocol (docs/avicenna.md); may be repeated")
      ->type_name("NAME=VALUE");
  serve.add_flag("--trust-proxy", options.trust_proxy,
                 "Take the client's address from the last hop of X-Forwarded-For; only behind a proxy of your own");
}

}  // namespace

void AddServeCommand(CLI::App& app, Run& run) {
  CLI::App* serve = app.add_subcommand("serve", "Run the server in the foreground");
  auto options = std::make_shared<ServeOptions>();
  serve->add_option("--data", options->data, "The data directory; made when it is missing")->required()->type_name("DIR");
  serve->add_option("--listen", options->listen, "Address and port; port 0 takes a free one")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  serve->add_option("--public-url", options->public_url, "How clients reach the server, for the addresses it answers")->type_name("URL");
  serve
      ->add_option("--key-file", options->key_file,
                   "The key that wraps all others; made when it is missing. Outside the data directory; DIR.key unless given")
      ->type_name("FILE");
  serve->add_option("--log-level", options->log_level, "debug, info, warning, error or off; the log goes to standard error")
      ->type_name("L")
      ->capture_default_str();
  serve->add_option("--grace", options->grace_s, "Seconds that running requests and exports get after SIGTERM")
      ->type_name("S")
      ->check(CLI::Range(0, 3600))
      ->capture_default_str();
  serve->add_option("--ddm-prefix", options->ddm.prefix, "Where DDM's API and pages are mounted")->type_name("PATH")->capture_default_str();
  serve->add_option("--ddm-timezone", options->ddm.timezone, "The zone of times in DDM's JSON")->type_name("ZONE")->capture_default_str();
  serve->add_option("--ddm-email-pattern", options->ddm.email_pattern, "DDM's pages are for accounts whose address begins with this")
      ->type_name("REGEX");
  serve->add_flag("--ddm-next", options->ddm.next_columns, "DDM's overview with the columns of the versions after 2.1");
  serve->add_option("--max-file-size", options->largest_file, "Bytes that a recording, donation or other file may have; also 500MB, 20GB")
      ->type_name("SIZE")
      ->transform(CLI::AsSizeValue(false))
      ->capture_default_str();
  AddLimitOptions(*serve, *options);
  AddScheduleOptions(*serve, options->schedules);
  // For tests of retention: what day it is. In no help text on purpose.
  serve->add_option("--today", options->today)->group("");
  serve->footer(
      "Prints one line to standard output when it is ready. SIGTERM or SIGINT finishes what is running, then stops; a\n"
      "second one ends at once.\n"
      "Examples:\n"
      "  sheaf serve --data ./data\n"
      "  sheaf serve --data /var/lib/sheaf --listen 127.0.0.1:9000 --public-url https://data.example.org");
  serve->callback([options, &run] { run = [options] { return RunServe(*options); }; });
}

}  // namespace sheaf::cli
