Console.WriteLine("freshet");
