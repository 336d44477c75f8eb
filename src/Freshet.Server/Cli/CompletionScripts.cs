using System.Text;

namespace Freshet.Server.Cli;

/// <summary>Writes the completion scripts. All four work alike: find the command path among the words before the
/// cursor, then offer values after an option that takes one, else subcommands and options.</summary>
internal static class CompletionScripts
{
    public static string Bash(CompletionModel model)
    {
        var script = new StringBuilder();
        script.Append(
            """
            # bash completion for freshet
            _freshet() {
              local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} path=freshet word
              for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
                case "$path $word" in

            """
        );
        AppendPathCases(script, model, "      ");
        script.Append(
            """
                esac
              done
              case "$path $previous" in

            """
        );
        foreach (var (pattern, option) in ValueOptions(model))
        {
            var words = option.IsFile ? "-f" : $"-W '{Join(option.Values)}'";
            var action = $"compgen {words} -- \"$current\"";
            script.Append($"    {pattern}) mapfile -t COMPREPLY < <({action}); return ;;\n");
        }
        script.Append("  esac\n  case \"$path\" in\n");
        foreach (var node in model.Nodes)
        {
            script.Append(
                $"    '{node.Path}') mapfile -t COMPREPLY < <(compgen -W '{Join(Words(node))}' -- \"$current\") ;;\n"
            );
        }
        script.Append("  esac\n}\ncomplete -o default -F _freshet freshet ./freshet\n");
        return script.ToString();
    }

    public static string Zsh(CompletionModel model)
    {
        var script = new StringBuilder();
        script.Append(
            """
            #compdef freshet
            _freshet() {
              local path_=freshet word previous=${words[CURRENT-1]}
              for word in "${(@)words[2,CURRENT-1]}"; do
                case "$path_ $word" in

            """
        );
        AppendPathCases(script, model, "      ", "path_");
        script.Append(
            """
                esac
              done
              case "$path_ $previous" in

            """
        );
        foreach (var (pattern, option) in ValueOptions(model))
        {
            var action = option.IsFile ? "_files" : $"compadd -- {Join(option.Values)}";
            script.Append($"    {pattern}) {action}; return ;;\n");
        }
        script.Append("  esac\n  local -a items\n  case \"$path_\" in\n");
        foreach (var node in model.Nodes)
        {
            script.Append($"    '{node.Path}') items=(");
            foreach (var (name, description) in Described(node))
                script.Append(' ').Append(Quote($"{name}:{description}", "'\\''"));
            script.Append(" ) ;;\n");
        }
        script.Append("  esac\n  _describe freshet items\n}\ncompdef _freshet freshet\n");
        return script.ToString();
    }

    public static string Fish(CompletionModel model)
    {
        var script = new StringBuilder();
        script.Append(
            """
            # fish completion for freshet
            function __freshet_path
              set -l path freshet
              for word in (commandline -opc)[2..-1]
                switch "$path $word"

            """
        );
        foreach (var node in model.Nodes.Where(node => node.Path.Contains(' ', StringComparison.Ordinal)))
            script.Append($"      case '{node.Path}'\n        set path '{node.Path}'\n");
        script.Append("    end\n  end\n  echo $path\nend\ncomplete -c freshet -f\n");
        foreach (var node in model.Nodes)
        {
            var condition = $"-n 'test (__freshet_path) = \"{node.Path}\"'";
            foreach (var (name, description) in node.Commands)
                script.Append($"complete -c freshet {condition} -a {name} -d {Quote(description, "\\'")}\n");
            foreach (var option in node.Options)
            {
                script.Append($"complete -c freshet {condition}");
                foreach (var name in option.Names)
                {
                    var isLong = name.StartsWith("--", StringComparison.Ordinal);
                    script.Append(isLong ? $" -l {name[2..]}" : $" -s {name[1..]}");
                }
                if (option.TakesValue)
                    script.Append(option.IsFile ? " -r -F" : $" -x -a '{Join(option.Values)}'");
                script.Append($" -d {Quote(option.Description, "\\'")}\n");
            }
        }
        return script.ToString();
    }

    public static string PowerShell(CompletionModel model)
    {
        var script = new StringBuilder();
        script.Append(
            """
            # PowerShell completion for freshet
            Register-ArgumentCompleter -Native -CommandName freshet -ScriptBlock {
              param($wordToComplete, $commandAst, $cursorPosition)
              $nodes = @{

            """
        );
        foreach (var node in model.Nodes)
        {
            var items = Described(node).Select(item => $"@({Quote(item.Name, "''")}, {Quote(item.Description, "''")})");
            script.Append($"    '{node.Path}' = @({string.Join(", ", items)})\n");
        }
        script.Append("  }\n  $values = @{\n");
        foreach (var (node, name, option) in OptionNames(model).Where(item => !item.Option.Values.IsEmpty))
        {
            var values = option.Values.Select(value => $"'{value}'");
            script.Append($"    '{node.Path} {name}' = @({string.Join(", ", values)})\n");
        }
        script.Append(
            """
              }
              $words = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
                ForEach-Object { $_.ToString() })
              $path = 'freshet'
              foreach ($word in $words | Select-Object -Skip 1) {
                if ($nodes.ContainsKey("$path $word")) { $path = "$path $word" }
              }
              $last = if ($words.Count -gt 1) { $words[-1] } else { '' }
              $items = if ($values.ContainsKey("$path $last")) {
                $values["$path $last"] | ForEach-Object { ,@($_, $_) }
              } else { $nodes[$path] }
              $items | Where-Object { $_[0] -like "$wordToComplete*" } | ForEach-Object {
                [System.Management.Automation.CompletionResult]::new($_[0], $_[0], 'ParameterValue', $_[1])
              }
            }

            """
        );
        return script.ToString();
    }

    private static void AppendPathCases(
        StringBuilder script,
        CompletionModel model,
        string indent,
        string variable = "path"
    )
    {
        foreach (var node in model.Nodes.Where(node => node.Path.Contains(' ', StringComparison.Ordinal)))
            script.Append($"{indent}'{node.Path}') {variable}='{node.Path}' ;;\n");
    }

    // A pattern such as 'freshet up --config'|'freshet up -c' for options after which something can be offered.
    private static IEnumerable<(string Pattern, CompletionOption Option)> ValueOptions(CompletionModel model) =>
        from node in model.Nodes
        from option in node.Options
        where option.IsFile || !option.Values.IsEmpty
        select (string.Join('|', option.Names.Select(name => $"'{node.Path} {name}'")), option);

    private static IEnumerable<(CompletionNode Node, string Name, CompletionOption Option)> OptionNames(
        CompletionModel model
    ) =>
        from node in model.Nodes
        from option in node.Options
        from name in option.Names
        select (node, name, option);

    private static IEnumerable<string> Words(CompletionNode node) => Described(node).Select(item => item.Name);

    private static IEnumerable<(string Name, string Description)> Described(CompletionNode node) =>
        node.Commands.Select(word => (word.Name, word.Description))
            .Concat(node.Options.SelectMany(option => option.Names.Select(name => (name, option.Description))));

    private static string Join(IEnumerable<string> words) => string.Join(' ', words);

    private static string Quote(string text, string escapedQuote) =>
        "'" + text.Replace("'", escapedQuote, StringComparison.Ordinal) + "'";
}
