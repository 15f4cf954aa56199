#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <string>

namespace sheaf {
namespace {
spdlog::logger& Logger() {
  static const std::shared_ptr<spdlog::logger> kLogger = [] {
    auto logger = std::make_shared<spdlog::logger>("sheaf", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
    return logger;
  }();
  return *kLogger;
}
spdlog::level::level_enum Level(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return spdlog::level::debug;
    case LogLevel::kInfo: return spdlog::level::info;
    case LogLevel::kWarning: return spdlog::level::warn;
    case LogLevel::kError: return spdlog::level::err;
    case LogLevel::kOff: return spdlog::level::off;
  }
  return spdlog::level::info;
}
// A value may come from a request: a line break or a control character in it must not forge another log line.
void AppendQuoted(std::string& line, std::string_view value) {
  const bool plain = !value.empty() && value.find_first_of(" \"=\\") == std::string_view::npos;
  if (!plain) line += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      line += '\\';
      line += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      line += '?';
    } else {
      line += c;
    }
  }
  if (!plain) line += '"';
}
}  // namespace

bool SetLogLevel(std::string_view name) {
  if (name == "debug") Logger().set_level(spdlog::level::debug);
  else if (name == "info") Logger().set_level(spdlog::level::info);
  else if (name == "warning") Logger().set_level(spdlog::level::warn);
  else if (name == "error") Logger().set_level(spdlog::level::err);
  else if (name == "off") Logger().set_level(spdlog::level::off);
  else return false;
  return true;
}

void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  const auto spdlog_level = Level(level);
  if (!Logger().should_log(spdlog_level)) return;
  std::string line(message);
  for (const auto& [name, value] : fields) {
    line += ' ';
    line += name;
    line += '=';
    AppendQuoted(line, value);
  }
  Logger().log(spdlog_level, "{}", line);
}

}  // namespace sheaf
