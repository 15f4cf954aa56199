// What participants see and send: briefing, donation, questionnaire, debriefing; and what went wrong in their browsers. Nobody signs in here: a cookie says who goes on, and
// its value is the participant's id, which nobody can guess.

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <semaphore>

#include "api/ddm/route.h"
#include "api/ddm/texts.h"
#include "api/json_body.h"
#include "api/multipart.h"
#include "base/ids.h"
#include "ingest/donation.h"
#include "ingest/unzip.h"
#include "vault/care.h"

namespace sheaf::api::ddm {
namespace {

namespace json = boost::json;

// A ZIP, what it unpacks to, and the values made of that are in memory while one of them is kept.
constexpr std::size_t kMostDonation = std::size_t{64} << 20;
constexpr std::size_t kMostUnpacked = std::size_t{128} << 20;
std::counting_semaphore<2> keeping(2);
constexpr std::size_t kMostAnswers = std::size_t{8} << 20;
constexpr std::size_t kMostException = 64u << 10;
constexpr std::size_t kIdCharacters = 24;
constexpr std::int64_t kDebriefing = 3;
constexpr std::int64_t kCookieS = 90 * 86400;
constexpr const char* kSteps[] = {"briefing", "data-donation", "questionnaire", "debriefing"};

//! A project under its slug, and who comes.
struct Guest {
  Project project;
  std::optional<Person> person;
};

std::string CookieName(const Project& project) { return "ddm_" + project.UrlId(); }
std::string StepAddress(const Service& service, const Project& project, std::int64_t step) {
  return service.options.prefix + "/studies/" + project.row.slug + "/" + kSteps[std::clamp<std::int64_t>(step, 0, kDebriefing)] + "/";
}

http::Response Refuse(int status, std::string_view sentence) {
  return HtmlPage(status == 404 ? "Not Found" : "Bad Request", "<p>" + Escaped(sentence) + "</p>\n", status);
}

http::Response OfError(const Error& error) {
  const int status = Describe(error.code).http_status;
  if (status >= 500) return ErrorAnswer(error);
  return Refuse(status, error.detail);
}

tl::expected<Guest, http::Response> Welcome(const Service& service, const native::Call& call) {
  auto project = FindProjectBySlug(*service.rooms, call.Part("slug"));
  if (!project) return tl::unexpected(NotThere());
  if (!project->settings.active || project->study.status == model::StudyStatus::kArchived) {
    return tl::unexpected(Redirect(service.options.prefix + "/studies/" + project->row.slug + "/inactive/"));
  }
  Guest guest{*std::move(project), std::nullopt};
  const std::string_view id = CookieValue(call.request, CookieName(guest.project));
  if (id.empty() || !IsRecordId(id)) return guest;
  const auto* const care = guest.project.vault->Care();
  if (care != nullptr && care->IsWithdrawn(id)) return guest;
  if (auto person = FindPerson(*guest.project.vault, id)) guest.person = *std::move(person);
  return guest;
}

//! {"url_param":{…}}: those parameters that the project asks for.
std::string ExtraData(const Project& project, const http::Request& request) {
  json::object parameters;
  if (project.settings.url_parameter_enabled) {
    std::string_view rest = project.settings.expected_url_parameters;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(';'), rest.size());
      const std::string name(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (name.empty()) continue;
      const auto value = request.QueryParameter(name);
      parameters[name] = value && IsUtf8(*value) ? json::value(json::string_view(value->data(), value->size())) : json::value(nullptr);
    }
  }
  return json::serialize(json::object{{"url_param", std::move(parameters)}});
}

Status Advance(const Project& project, Person& person, std::int64_t step) {
  person.current_step = step;
  return PutPerson(*project.vault, person);
}

http::Response GetBriefing(const Service& service, native::Call& call) {
  auto guest = Welcome(service, call);
  if (!guest) return std::move(guest.error());
  Project& project = guest->project;
  const bool fresh = !guest->person;
  if (fresh) {
    Person person;
    person.id = RandomToken(kIdCharacters);
    person.start_time = Now();
    person.current_step = 0;
    person.extra_data = ExtraData(project, call.request);
    if (const Status kept = PutPerson(*project.vault, person); !kept) return OfError(kept.error());
    guest->person = std::move(person);
  } else if (guest->person->current_step.value_or(0) > 0) {
    return Redirect(StepAddress(service, project, *guest->person->current_step));
  }
  std::string body = "<form method=\"post\">";
  if (project.settings.briefing_consent) {
    body +=
        "<label><input type=\"radio\" name=\"briefing_consent\" value=\"1\"> I agree to take part</label>"
        "<label><input type=\"radio\" name=\"briefing_consent\" value=\"0\"> I do not</label>";
  }
  http::Response response = HtmlPage(project.study.name, body + "<button>Next</button></form>\n");
  if (fresh) {
    std::string cookie =
        CookieName(project) + "=" + guest->person->id + "; Path=/; HttpOnly; SameSite=Lax; Max-Age=" + std::to_string(kCookieS);
    if (service.rooms->public_url.rfind("https://", 0) == 0) cookie += "; Secure";
    response.headers.emplace_back("Set-Cookie", std::move(cookie));
  }
  return response;
}

Result<std::vector<FormPart>> ReadForm(native::Call& call, std::size_t limit) {
  SHEAF_ASSIGN(const std::string body, call.request.body->ReadAll(limit));
  return ParseForm(call.request.Header("content-type"), body);
}

http::Response PostBriefing(const Service& service, native::Call& call) {
  auto guest = Welcome(service, call);
  if (!guest) return std::move(guest.error());
  if (!guest->person) return Redirect(StepAddress(service, guest->project, 0));
  const auto form = ReadForm(call, kMostAnswers);
  if (!form) return OfError(form.error());
  Person& person = *guest->person;
  std::int64_t next = 1;
  if (guest->project.settings.briefing_consent) {
    const std::string_view consent = FormValue(*form, "briefing_consent");
    if (consent != "0" && consent != "1") return Refuse(400, "Say whether you agree.");
    json::value extra = json::parse(person.extra_data);
    extra.get_object()["briefing_consent"] = json::string_view(consent.data(), consent.size());
    person.extra_data = json::serialize(extra);
    // Who refuses is done.
    if (consent == "0") next = kDebriefing;
  }
  if (const Status kept = Advance(guest->project, person, next); !kept) return OfError(kept.error());
  return Redirect(StepAddress(service, guest->project, next));
}

ingest::DonationStores StoresOf(const Service& service, const Project& project) {
  return {project.vault, service.rooms->files, project.study.id, project.study.owner, service.rooms->temporary, project.SuperSecret()};
}

Result<std::string> TextMember(JsonBody& body, std::string_view name) {
  SHEAF_ASSIGN(auto text, body.Text(name, 1000));
  return std::move(text).value_or("");
}

//! {"<blueprint>":{"consent":…,"extractedData":[…],"status":"…"}}: looked at wholly before anything is kept.
Result<std::vector<ingest::Donation>> ReadDonations(const Project& project, const Person& person, std::string_view text) {
  // Member by member as text: a tree of values would write numbers otherwise than they came.
  auto body = JsonBody::Parse(text, kMostUnpacked);
  if (!body) return Fail(ErrorCode::kBadJson, "data_donation.json is no JSON object.");
  std::vector<ingest::Donation> donations;
  for (const std::string& key : body->Names()) {
    std::int64_t blueprint = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), blueprint);
    const bool known = error == std::errc{} && end == key.data() + key.size() && project.settings.FindBlueprint(blueprint) != nullptr;
    if (!known) return Fail(ErrorCode::kBadMember, "There is no blueprint " + key + ".");
    auto one = JsonBody::Parse(body->Raw(key).value_or(""), kMostUnpacked);
    if (!one) return Fail(ErrorCode::kBadMember, "The donation of blueprint " + key + " is no object.");
    ingest::Donation donation;
    donation.participant = person.id;
    donation.blueprint = blueprint;
    donation.time = Now();
    const std::string consent = one->Raw("consent").value_or("null");
    if (consent == "true" || consent == "false") donation.consent = consent == "true";
    donation.status = one->Raw("status").value_or("");
    if (donation.status.rfind('"', 0) == 0) { SHEAF_ASSIGN(donation.status, TextMember(*one, "status")); }
    donation.data = one->Raw("extractedData").value_or("[]");
    donations.push_back(std::move(donation));
  }
  return donations;
}

Status KeepDonations(const Service& service, const Project& project, const Person& person, std::string_view archive) {
  std::string text;
  bool found = false;
  ingest::UnzipLimits limits;
  limits.members = 100;
  limits.member_bytes = limits.total_bytes = kMostUnpacked;
  SHEAF_TRY(ingest::Unzip(archive, limits, [&](const std::string& name, std::string bytes) -> Status {
    if (name != "data_donation.json") return {};
    found = true;
    text = std::move(bytes);
    return {};
  }));
  if (!found) return Fail(ErrorCode::kBadMember, "The ZIP holds no data_donation.json.");
  SHEAF_ASSIGN(const auto donations, ReadDonations(project, person, text));
  for (const ingest::Donation& donation : donations)
    SHEAF_TRY(ingest::KeepDonation(StoresOf(service, project), project.settings, donation));
  return {};
}

http::Response GetStep(const Service& service, native::Call& call, std::int64_t step, const std::string& body) {
  auto guest = Welcome(service, call);
  if (!guest) return std::move(guest.error());
  if (!guest->person) return Redirect(StepAddress(service, guest->project, 0));
  const std::int64_t now = guest->person->current_step.value_or(0);
  if (now != step) return Redirect(StepAddress(service, guest->project, now));
  return HtmlPage(guest->project.study.name, body);
}

http::Response GetDonation(const Service& service, native::Call& call) {
  return GetStep(service, call, 1,
                 "<form method=\"post\" enctype=\"multipart/form-data\"><input type=\"file\" name=\"post_data\" "
                 "accept=\".zip\"><button>Donate</button></form>\n");
}

http::Response PostDonation(const Service& service, native::Call& call) {
  auto guest = Welcome(service, call);
  if (!guest) return std::move(guest.error());
  if (!guest->person) return Redirect(StepAddress(service, guest->project, 0));
  const auto form = ReadForm(call, kMostDonation);
  if (!form) return OfError(form.error());
  const Status kept = [&] {
    keeping.acquire();
    struct Turn {
      ~Turn() { keeping.release(); }
    } turn;
    return KeepDonations(service, guest->project, *guest->person, FormValue(*form, "post_data"));
  }();
  if (!kept) return OfError(kept.error());
  if (const Status moved = Advance(guest->project, *guest->person, 2); !moved) return OfError(moved.error());
  return Redirect(StepAddress(service, guest->project, 2));
}

http::Response GetQuestionnaire(const Service& service, native::Call& call) {
  return GetStep(service, call, 2, "<form method=\"post\"><textarea name=\"post_data\"></textarea><button>Next</button></form>\n");
}

http::Response PostQuestionnaire(const Service& service, native::Call& call) {
  auto guest = Welcome(service, call);
  if (!guest) return std::move(guest.error());
  if (!guest->person) return Redirect(StepAddress(service, guest->project, 0));
  const auto form = ReadForm(call, kMostAnswers);
  if (!form) return OfError(form.error());
  const std::string_view text = FormValue(*form, "post_data");
  auto sent = JsonBody::Parse(text, kMostAnswers);
  const auto responses = sent ? sent->Raw("responses") : std::nullopt;
  if (!responses || responses->front() != '{') return Refuse(400, "post_data is no JSON object with responses.");
  ingest::Answers answers;
  answers.participant = guest->person->id;
  answers.time = Now();
  answers.snapshot = *responses;
  answers.config = sent->Raw("questionnaire_config").value_or("");
  const Status kept = ingest::KeepAnswers(StoresOf(service, guest->project), guest->project.settings, answers);
  if (!kept) return OfError(kept.error());
  if (const Status moved = Advance(guest->project, *guest->person, kDebriefing); !moved) return OfError(moved.error());
  return Redirect(StepAddress(service, guest->project, kDebriefing));
}

http::Response GetDebriefing(const Service& service, native::Call& call) {
  auto guest = Welcome(service, call);
  if (!guest) return std::move(guest.error());
  if (!guest->person) return Redirect(StepAddress(service, guest->project, 0));
  Person& person = *guest->person;
  if (person.current_step.value_or(0) < kDebriefing) return Redirect(StepAddress(service, guest->project, person.current_step.value_or(0)));
  if (!person.completed) {
    person.completed = true;
    person.end_time = Now();
    if (const Status kept = PutPerson(*guest->project.vault, person); !kept) return OfError(kept.error());
  }
  return HtmlPage(guest->project.study.name, "<p>Thank you for taking part.</p>\n");
}

http::Response GetContinue(const Service& service, native::Call& call) {
  auto guest = Welcome(service, call);
  if (!guest) return std::move(guest.error());
  return Redirect(StepAddress(service, guest->project, guest->person ? guest->person->current_step.value_or(0) : 0));
}

http::Response GetInactive(const Service& service, native::Call& call) {
  const auto project = FindProjectBySlug(*service.rooms, call.Part("slug"));
  if (!project) return NotThere();
  return HtmlPage(project->study.name, "<p>This study takes nobody at present.</p>\n");
}

std::string TextOf(const json::object& object, const char* name) {
  const json::value* const value = object.if_contains(name);
  if (value == nullptr || value->is_null()) return {};
  std::string text = value->is_string() ? std::string(value->get_string()) : json::serialize(*value);
  if (text.size() > 4000) text.resize(4000);
  return IsUtf8(text) ? text : std::string();
}

http::Response PostException(const Service& service, native::Call& call) {
  const auto project = FindProject(*service.rooms, call.Part("url_id"));
  if (!project) return Detail(404, "Not found.");
  const auto body = call.request.body->ReadAll(kMostException);
  if (!body) return ErrorAnswer(body.error());
  boost::system::error_code broken;
  const json::value value = json::parse(*body, broken);
  if (broken || !value.is_object()) return Detail(400, "JSON parse error");
  const json::object& object = value.get_object();
  catalog::DonationException exception;
  const auto date = ParseIsoTime(TextOf(object, "date"));
  exception.time = date ? date->instant : Now();
  const std::string_view who = CookieValue(call.request, CookieName(*project));
  if (!who.empty() && project->vault->ParticipantNumber(who)) exception.participant = who;
  exception.type = TextOf(object, "status_code");
  exception.raised_by = TextOf(object, "raised_by");
  exception.blueprint = TextOf(object, "blueprint");
  exception.message = TextOf(object, "message");
  if (const Status kept = service.rooms->catalog->Donations().AddException(project->study.id, exception); !kept)
    return ErrorAnswer(kept.error());
  http::Response response;
  response.status = 201;
  response.headers = {{"Content-Type", "application/json"}};
  response.body = "null";
  return response;
}

}  // namespace

void AddFlowPages(http::Router& router, const std::shared_ptr<const Service>& service) {
  AddPage(router, service, "GET", "/studies/{slug}/briefing/", GetBriefing);
  AddPage(router, service, "POST", "/studies/{slug}/briefing/", PostBriefing);
  AddPage(router, service, "GET", "/studies/{slug}/data-donation/", GetDonation);
  AddPage(router, service, "POST", "/studies/{slug}/data-donation/", PostDonation, native::kAnyBody);
  AddPage(router, service, "GET", "/studies/{slug}/questionnaire/", GetQuestionnaire);
  AddPage(router, service, "POST", "/studies/{slug}/questionnaire/", PostQuestionnaire, kMostAnswers);
  AddPage(router, service, "GET", "/studies/{slug}/debriefing/", GetDebriefing);
  AddPage(router, service, "GET", "/studies/{slug}/continue/", GetContinue);
  AddPage(router, service, "GET", "/studies/{slug}/inactive/", GetInactive);
  AddPage(router, service, "POST", "/{url_id}/exceptions/", PostException);
}

}  // namespace sheaf::api::ddm
