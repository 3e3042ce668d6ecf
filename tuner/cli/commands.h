// The commands of `tenon`: one file each. A command gives the exit code: 0 done, 1 the work failed,
// 2 asked wrongly or an input, key or disk refused, 130 and 143 interrupted. Results go to stdout,
// progress to stderr.
#pragma once
#include "tuner/cli/arguments.h"

namespace tenon::cli {

inline constexpr int kDone = 0, kWorkFailed = 1, kRefused = 2;

int run_command(const TuneArguments& arguments);
int run_command(const CompileArguments& arguments);
int run_command(const RunArguments& arguments);
int run_command(const InspectArguments& arguments);
int run_command(const BestArguments& arguments);
int run_command(const ExportArguments& arguments);
int run_command(const ImportArguments& arguments);
int run_command(const KeygenArguments& arguments);
int run_command(const DoctorArguments& arguments);
int run_command(const DaemonArguments& arguments);

}  // namespace tenon::cli
