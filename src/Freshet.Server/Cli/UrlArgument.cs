using System.CommandLine;
using Freshet.Server.Configuration;

namespace Freshet.Server.Cli;

/// <summary>The server's URL as an argument. The parser takes a misspelt option for it, which would lead to a message
/// about a bad URL: that is caught here.</summary>
internal static class UrlArgument
{
    public static Argument<T> AddTo<T>(Command command, ArgumentArity arity)
    {
        var argument = new Argument<T>("URL")
        {
            Description = "The server: postgres://user:password@host:port/database (password also by PGPASSWORD)",
            Arity = arity,
        };
        argument.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(token => token.Value.StartsWith('-')))
            {
                var nearest = NearestName.Find(token.Value, command.Options.Select(option => option.Name));
                var hint = nearest is null ? "" : $" Did you mean {nearest}?";
                result.AddError($"Unrecognized option '{token.Value}'.{hint}");
            }
        });
        command.Arguments.Add(argument);
        return argument;
    }
}
