//! DuckDB as a peer: runs statements and says how long each took, in seconds.
//!   engine_copy FILE THREADS STATEMENT...

#include <duckdb.h>

#include <chrono>
#include <cstdio>
#include <string>

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: engine_copy FILE THREADS STATEMENT...\n");
    return 2;
  }
  duckdb_config config = nullptr;
  duckdb_create_config(&config);
  duckdb_set_config(config, "threads", argv[2]);
  duckdb_set_config(config, "access_mode", "automatic");
  duckdb_database database = nullptr;
  duckdb_connection connection = nullptr;
  char* message = nullptr;
  if (duckdb_open_ext(argv[1], &database, config, &message) != DuckDBSuccess || duckdb_connect(database, &connection) != DuckDBSuccess) {
    std::fprintf(stderr, "engine_copy: %s\n", message == nullptr ? "cannot open" : message);
    return 1;
  }
  for (int i = 3; i < argc; ++i) {
    const auto started = std::chrono::steady_clock::now();
    duckdb_result result;
    if (duckdb_query(connection, argv[i], &result) != DuckDBSuccess) {
      std::fprintf(stderr, "engine_copy: %s\n", duckdb_result_error(&result));
      return 1;
    }
    duckdb_destroy_result(&result);
    std::printf("%.4f\n", std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count());
  }
  duckdb_disconnect(&connection);
  duckdb_close(&database);
  duckdb_destroy_config(&config);
  return 0;
}
