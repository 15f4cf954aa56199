#pragma once
//! The log: one line an event on standard error. It never holds what participants said, nor a key.

#include <initializer_list>
#include <string_view>
#include <utility>

namespace sheaf {

enum class LogLevel { kDebug, kInfo, kWarning, kError, kOff };

//! "debug", "info", "warning", "error", "off"; false for anything else.
bool SetLogLevel(std::string_view name);

using LogField = std::pair<std::string_view, std::string_view>;
//! Thread-safe. `LogInfo("export finished", {{"export", id}, {"rows", text}});`
void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});
inline void LogDebug(std::string_view m, std::initializer_list<LogField> f = {}) { Log(LogLevel::kDebug, m, f); }
inline void LogInfo(std::string_view m, std::initializer_list<LogField> f = {}) { Log(LogLevel::kInfo, m, f); }
inline void LogWarning(std::string_view m, std::initializer_list<LogField> f = {}) { Log(LogLevel::kWarning, m, f); }
inline void LogError(std::string_view m, std::initializer_list<LogField> f = {}) { Log(LogLevel::kError, m, f); }

}  // namespace sheaf
