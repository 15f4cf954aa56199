"""data/contract_statements: each statement of another product's contract names tests that show it, and they exist."""
import ast
import itertools

import pytest
import yaml

from harness import program

HERE = program.ROOT / "tests" / "api"
LISTS = sorted((HERE / "data" / "contract_statements").glob("*.yaml"))
BUILTINS = {"range": range, "str": str, "sorted": sorted, "list": list, "tuple": tuple, "dict": dict, "len": len, "set": set, "enumerate": enumerate, "zip": zip}


class Names(dict):
    """What stands at the top of a module, worked out when it is asked for; of the harness' modules what is imported from them."""

    def __init__(self, path):
        super().__init__(__builtins__=BUILTINS)
        self.tree = ast.parse(path.read_text(encoding="utf-8"))
        self.path = path
        self.functions = {node.name: node for node in self.tree.body if isinstance(node, ast.FunctionDef)}

    def __missing__(self, name):
        if name in BUILTINS:
            return BUILTINS[name]
        for node in self.tree.body:
            if isinstance(node, ast.Assign) and any(isinstance(target, ast.Name) and target.id == name for target in node.targets):
                self[name] = self.value(node.value)
                return self[name]
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("harness.") and name in [one.name for one in node.names]:
                return module(HERE.parent / (node.module.replace(".", "/") + ".py"))[name]
        raise NameError(name)

    def value(self, node):
        """Only what the expression names, so that nothing is worked out for its own sake."""
        names = [one for one in ast.walk(node) if isinstance(one, ast.Name)]
        for name in {one.id for one in names if isinstance(one.ctx, ast.Load)} - {one.id for one in names if isinstance(one.ctx, ast.Store)}:
            self[name] = self[name]
        return eval(compile(ast.Expression(node), str(self.path), "eval"), self)  # pylint: disable=eval-used


def module(path, seen={}):  # pylint: disable=dangerous-default-value
    if path not in seen:
        seen[path] = Names(path)
    return seen[path]


def name_of(value, argument, number):
    return str(value) if isinstance(value, (str, int, float, bool, type(None))) else f"{argument}{number}"


def cases_of(names, decorator):
    """The ids of a parametrize as pytest makes them."""
    arguments, values = (names.value(argument) for argument in decorator.args[:2])
    arguments = [argument.strip() for argument in arguments.split(",")] if isinstance(arguments, str) else list(arguments)
    given = [keyword.value for keyword in decorator.keywords if keyword.arg == "ids"]
    if given:
        return [str(value) for value in names.value(given[0])]
    rows = [(value,) if len(arguments) == 1 else tuple(value) for value in values]
    return ["-".join(name_of(value, argument, number) for argument, value in zip(arguments, row)) for number, row in enumerate(rows)]


def ids_of(names, function):
    """None where they are not simple, else all of the test; [] for a test without parameters."""
    found = [decorator for decorator in function.decorator_list if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith("parametrize")]
    if not found:
        return []
    try:
        ids = ["-".join(parts) for parts in itertools.product(*[cases_of(names, decorator) for decorator in reversed(found)])]
    except Exception:  # pylint: disable=broad-except
        return None
    return ids if len(set(ids)) == len(ids) else None


def fault_of(test):
    file, _, rest = test.partition("::")
    name, bracket, case = rest.partition("[")
    if not (HERE / file).is_file() or not file.startswith("test_"):
        return "there is no such file"
    names = module(HERE / file)
    if name not in names.functions or not name.startswith("test_"):
        return "there is no such test"
    ids = ids_of(names, names.functions[name])
    if bracket and ids is not None and case.removesuffix("]") not in ids:
        return f"it has no such case, but {ids[:50]}"
    return None


def statements(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_there_are_lists():
    assert {path.stem for path in LISTS} >= {"hyperstudy", "ddm"}


@pytest.mark.parametrize("path", LISTS, ids=[path.stem for path in LISTS])
def test_every_statement_names_tests_that_exist(path):
    faults = []
    for entry in statements(path):
        where = f"{entry.get('section')}: {entry.get('says')}"
        if not set(entry) <= {"section", "says", "tests", "differs", "guide"} or not isinstance(entry.get("section"), str) or not entry.get("says"):
            faults.append(f"{where}: is no statement")
        if not entry.get("tests"):
            faults.append(f"{where}: no test shows it")
        faults += [f"{where}: {test}: {fault}" for test in entry.get("tests") or [] if (fault := fault_of(test))]
    assert not faults, "\n".join(faults)
    said = [(entry["section"], entry["says"]) for entry in statements(path)]
    assert len(set(said)) == len(said), [one for one in said if said.count(one) > 1]


@pytest.mark.parametrize("path", LISTS, ids=[path.stem for path in LISTS])
def test_what_differs_is_told(path):
    """Words that stand in a guide, whatever its lines."""
    for entry in statements(path):
        assert ("differs" in entry) == ("guide" in entry), entry["says"]
        for page, words in entry.get("guide", {}).items():
            assert words in " ".join((program.ROOT / "docs" / page).read_text(encoding="utf-8").split()), f"{entry['says']}: {page} does not say: {words}"


@pytest.mark.parametrize("test, fault", [
    ("test_nothing.py::test_x", "no such file"), ("conftest.py::new_study", "no such file"), ("test_contract_statements.py::test_nothing", "no such test"),
    ("test_contract_statements.py::fault_of", "no such test"), ("test_contract_statements.py::test_there_are_lists[x]", "no such case"), ("test_accounts.py::test_expiries[8d-8]", "no such case"),
    ("test_hyperstudy_records.py::test_every_field_comes_back_by_every_scope[events-user]", "no such case"),
    ("test_hyperstudy_records.py::test_every_field_comes_back_by_every_scope[events-room]", None), ("test_accounts.py::test_expiries[7d-7]", None)])
def test_what_does_not_exist_is_seen(test, fault):
    assert fault_of(test) is None if fault is None else fault in fault_of(test)
